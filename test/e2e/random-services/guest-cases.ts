import { KUBE_PROXY_PATHS } from '../../../src/collect/live/node/commands.ts';
import { readObjects } from '../../lab/capture/capture.ts';
import type { IpvsCluster } from '../../lab/ipvs-guest/ipvs-cluster.ts';
import { collectNodeFiles, collectPodFiles } from '../../lab/ipvs-guest/netns-files.ts';
import type { Files } from '../../lab/namespace-cluster.ts';
import type { IpCommands } from '../../lab/network.ts';
import { entranceCommands, outsideCommands } from '../../lab/outside-routes.ts';
import type { CaseCluster } from './case-cluster.ts';
import { NAMESPACE } from './pods.ts';

/** The cluster in the guest kernel, whose kube-proxies program IPVS. */
export class GuestCases implements CaseCluster {
  private readonly cluster: IpvsCluster;

  /** @param cluster what it was started with stays */
  static async over(cluster: IpvsCluster): Promise<GuestCases> {
    const cases = new GuestCases(cluster);
    await cases.route(outsideCommands());
    return cases;
  }

  private constructor(cluster: IpvsCluster) {
    this.cluster = cluster;
  }

  get api() {
    return this.cluster.api;
  }

  get nodes() {
    return this.cluster.nodes;
  }

  /** Without CoreDNS. */
  get pods() {
    return this.cluster.pods.filter(({ spec }) => spec.namespace === NAMESPACE);
  }

  /** Its first namespace is the router. */
  private async route({ v4, v6 }: IpCommands): Promise<void> {
    await this.cluster.guest.run('', ['ip', '-4', '-batch', '-'], `${v4.join('\n')}\n`);
    await this.cluster.guest.run('', ['ip', '-6', '-batch', '-'], `${v6.join('\n')}\n`);
  }

  enterAt(entries: ReadonlyMap<string, string>): Promise<void> {
    return this.route(entranceCommands(entries, this.nodes));
  }

  /** kube-proxy writes virtual servers first, then sets and rules: all is there when nothing changes any more. */
  async untilProgrammed(addresses: readonly string[]): Promise<void> {
    let last: readonly string[] = [];
    await this.api.until(`kube-proxy programs ${addresses.join(', ')}`, 300, async () => {
      const now = await Promise.all(
        this.nodes.map(async ({ netns }) => {
          const [servers, sets, rules, rules6] = await Promise.all([
            this.cluster.guest.run(netns, ['ipvsadm', '-Sn']),
            this.cluster.guest.run(netns, ['ipset', 'save']),
            this.cluster.guest.run(netns, ['iptables-save']),
            this.cluster.guest.run(netns, ['ip6tables-save']),
          ]);
          return `${servers}${sets}${rules}${rules6}`.replaceAll(/\[\d+:\d+\]|^#.*$/gm, '');
        }),
      );
      const isSame = now.every((text, at) => text === last[at]);
      last = now;
      return isSame && now.every((text) => addresses.every((address) => text.includes(address)));
    });
  }

  async forgetConnections(): Promise<void> {
    for (const { netns } of this.nodes) await this.cluster.guest.spawn(netns, ['conntrack', '-F']);
  }

  async changingFiles(): Promise<Files> {
    const files: Record<string, string> = { ...(await readObjects(this.api)) };
    for (const { name, netns } of this.nodes) {
      const read = await collectNodeFiles(this.cluster.guest, netns);
      for (const [file, text] of read) files[`clusters/lab/nodes/${name}/${file}`] = text;
    }
    return files;
  }

  async lastingFiles(): Promise<Files> {
    const files: Record<string, string> = {};
    for (const { name, netns } of this.nodes) {
      for (const [file, { port, path }] of Object.entries(KUBE_PROXY_PATHS)) {
        const text = await this.cluster.guest.run(netns, ['curl', '-sS', `http://127.0.0.1:${port}${path}`]);
        files[`clusters/lab/nodes/${name}/kube-proxy/${file}`] = text;
      }
    }
    for (const { spec, netns } of this.pods) {
      if (spec.hostNetwork === true) continue;
      const read = await collectPodFiles(this.cluster.guest, netns);
      for (const [file, text] of read) files[`clusters/lab/pods/${spec.namespace}/${spec.name}/netns/${file}`] = text;
    }
    return files;
  }

  send: CaseCluster['send'] = (from, probes) => this.cluster.send(from, probes);

  stop(): Promise<void> {
    return this.cluster.stop();
  }
}
