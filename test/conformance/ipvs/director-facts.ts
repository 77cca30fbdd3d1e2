import type { Facts } from '../../../src/model/facts.ts';
import { DirectorLab, REAL_SERVERS } from '../../lab/ipvs-guest/director-lab.ts';
import { createWorkspace } from '../../../src/workspace.ts';

type Files = ReadonlyMap<string, string>;

/** What of the director changes from case to case, with the command that tells it. */
const CHANGING: Readonly<Record<string, string>> = {
  'ipvsadm-save.txt': 'ipvsadm -Sn',
  'ip_vs.txt': 'cat /proc/net/ip_vs',
  'ipvsadm-connections.txt': 'ipvsadm -Lnc',
  'iptables-save.txt': 'iptables-save -c',
  'ip6tables-save.txt': 'ip6tables-save -c',
  'conntrack.txt': 'conntrack -L -o extended 2>/dev/null',
  'sysctl.txt': "sysctl -a -r '^net\\.(bridge|ipv4|ipv6|netfilter)\\.' 2>/dev/null",
};
const BETWEEN = '=== next ===';

/** The namespaces of the lab as facts: read once, and of the director again what a case changes. */
export class DirectorFacts {
  private readonly lab: DirectorLab;
  private readonly fixed: Files;

  private constructor(lab: DirectorLab, fixed: Files) {
    this.lab = lab;
    this.fixed = fixed;
  }

  static async read(lab: DirectorLab): Promise<DirectorFacts> {
    const fixed = new Map<string, string>();
    for (const place of ['director', ...REAL_SERVERS] as const) {
      for (const [name, text] of await lab.files(place)) fixed.set(artefactOf(place, name), text);
    }
    return new DirectorFacts(lab, fixed);
  }

  /** The facts of this moment. @param changes other texts for files of the director */
  async now(changes: Readonly<Record<string, (text: string) => string>> = {}): Promise<Facts> {
    const script = Object.values(CHANGING).join(`; echo '${BETWEEN}'; `);
    const texts = (await this.lab.guest.run('director', ['sh', '-c', script])).split(`${BETWEEN}\n`);
    const files = new Map(this.fixed);
    for (const [at, name] of Object.keys(CHANGING).entries()) {
      const text = texts[at] ?? '';
      files.set(artefactOf('director', name), changes[name]?.(text) ?? text);
    }
    return createWorkspace({
      names: () => [...files.keys()].toSorted(),
      gaps: () => [],
      artefact: (name) => {
        const text = files.get(name);
        return text === undefined ? undefined : { name, capturedAt: null, bytes: Buffer.from(text) };
      },
    });
  }
}

/** Boots the guest and reads its namespaces once. The one who started it stops it. */
export async function startDirector(): Promise<{ lab: DirectorLab; facts: DirectorFacts }> {
  const lab = await DirectorLab.start();
  return { lab, facts: await DirectorFacts.read(lab) };
}

function artefactOf(node: string, file: string): string {
  return `clusters/lab/nodes/${node}/${file}`;
}
