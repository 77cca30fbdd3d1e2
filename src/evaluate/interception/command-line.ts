import type { ContainerFact } from '../../model/kubernetes.ts';

/** Flags that take a value, by their letter (tools/istio-iptables/pkg/cmd/root.go and pkg/constants/constants.go). */
const LETTERS: Readonly<Record<string, string>> = {
  p: 'envoy-port',
  z: 'inbound-capture-port',
  e: 'inbound-tunnel-port',
  u: 'proxy-uid',
  g: 'proxy-gid',
  m: 'istio-inbound-interception-mode',
  b: 'istio-inbound-ports',
  d: 'istio-local-exclude-ports',
  c: 'istio-exclude-interfaces',
  i: 'istio-service-cidr',
  x: 'istio-service-exclude-cidr',
  q: 'istio-outbound-ports',
  o: 'istio-local-outbound-ports-exclude',
  k: 'kube-virt-interfaces',
  t: 'istio-inbound-tproxy-mark',
  r: 'istio-inbound-tproxy-route-table',
};

const VALUES = new Set([
  ...Object.values(LETTERS),
  'iptables-probe-port',
  'probe-timeout',
  'network-namespace',
  'force-iptables-binary',
  'log_output_level',
  'log_target',
  'log_caller',
  'log_stacktrace_level',
  'log_rotate',
]);

const SWITCHES = new Set([
  'dry-run',
  'skip-rule-apply',
  'run-validation',
  'redirect-dns',
  'drop-invalid',
  'dual-stack',
  'capture-all-dns',
  'cni-mode',
  'reconcile',
  'cleanup-only',
  'force-apply',
  'native-nftables',
  'log_as_json',
  'iptables-trace-logging',
]);

/** Environment variables that set a flag under another name (AdditionalEnv), or have no flag. */
const VARIABLES: Readonly<Record<string, string>> = {
  ISTIO_META_DNS_CAPTURE: 'redirect-dns',
  ISTIO_DUAL_STACK: 'dual-stack',
  INVALID_DROP: 'drop-invalid',
  ISTIO_OUTBOUND_OWNER_GROUPS: 'owner-groups',
  ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE: 'owner-groups-exclude',
  ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR: 'loopback',
};

/** Settings of istio-iptables that a container is started with, and the words that were not understood. */
export interface CommandLine {
  readonly settings: ReadonlyMap<string, string>;
  readonly notUnderstood: readonly string[];
}

/**
 * Reads the arguments and environment of an istio-init container. Arguments win over the environment, in which each flag but
 * --envoy-port has a variable of its name (pkg/flag/flag.go, BindEnv).
 */
export function readCommandLine(container: ContainerFact): CommandLine {
  const settings = new Map<string, string>();
  const notUnderstood: string[] = [];
  for (const { name, value } of container.env) {
    const own = name.toLowerCase().replaceAll('_', '-');
    const flag = VARIABLES[name] ?? ((VALUES.has(own) || SWITCHES.has(own)) && own !== 'envoy-port' ? own : undefined);
    if (flag === undefined) continue;
    if (value === null) notUnderstood.push(`environment variable ${name} comes from elsewhere`);
    else settings.set(flag, value);
  }
  const words = container.args.filter((word, at) => at > 0 || word !== 'istio-iptables');
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const read = word.startsWith('--') ? longFlag(word.slice(2)) : letters(word);
    if (read === undefined) {
      notUnderstood.push(`argument ${word}`);
      continue;
    }
    // a flag without `=` takes the next word, but a switch never does
    const value = read.value ?? (read.takes ? words[(at += 1)] : 'true');
    if (value === undefined) notUnderstood.push(`argument ${word} has no value`);
    else settings.set(read.name, value);
  }
  return { settings, notUnderstood };
}

interface Flag {
  readonly name: string;
  /** Whether it needs a value. */
  readonly takes: boolean;
  readonly value: string | undefined;
}

function longFlag(text: string): Flag | undefined {
  const equal = text.indexOf('=');
  const name = equal < 0 ? text : text.slice(0, equal);
  if (!VALUES.has(name) && !SWITCHES.has(name)) return undefined;
  return { name, takes: !SWITCHES.has(name), value: equal < 0 ? undefined : text.slice(equal + 1) };
}

/** `-p 15001`, `-p15001`, `-p=15001`; `-n` is the dry run. */
function letters(word: string): Flag | undefined {
  if (word === '-n') return { name: 'dry-run', takes: false, value: undefined };
  const name = /^-[a-z]/.test(word) ? LETTERS[word[1] ?? ''] : undefined;
  if (name === undefined) return undefined;
  const rest = word.slice(2).replace(/^=/, '');
  return { name, takes: true, value: word.length > 2 ? rest : undefined };
}
