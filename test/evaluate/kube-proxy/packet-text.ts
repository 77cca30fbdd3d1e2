/** A packet and its fate, as the rule readers of these tests put them. They share no code with the evaluators. */
export interface TextPacket {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  /** null: made on the node. */
  readonly inInterface: string | null;
}

/** What the rules do with the first packet of a client that no affinity list holds. */
export interface TextOutcome {
  readonly action: 'dnat' | 'reject' | 'drop' | 'pass';
  readonly to: string | null;
  readonly masquerade: boolean;
  readonly probability: number;
}

/** Whether the kernel takes an address for the node's own. */
export function isLocal(address: string, locals: readonly string[]): boolean {
  return address.startsWith('127.') || locals.includes(address);
}

/** Whether an address lies in `10.0.0.0/8`, or is the address given. */
export function inCidr(address: string, cidr: string): boolean {
  const [base = '', length = '128'] = cidr.split('/');
  if (address.includes(':') !== base.includes(':')) return false;
  return bits(address).slice(0, Number(length)) === bits(base).slice(0, Number(length));
}

function bits(address: string): string {
  if (!address.includes(':')) {
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  }
  const [head = '', tail = ''] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: address.includes('::') ? 8 - left.length - right.length : 0 }, () => '0');
  return [...left, ...zeros, ...right].map((part) => parseInt(part, 16).toString(2).padStart(16, '0')).join('');
}
