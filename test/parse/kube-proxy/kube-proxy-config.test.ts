import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseKubeProxyConfig } from '../../../src/parse/kube-proxy/kube-proxy-config.ts';
import { mutatedArtefact, textArtefact } from '../artefacts.ts';

/** /configz of kube-proxy 1.36.3, members that play no part left out. */
const CONFIGZ = `{"kubeproxy.config.k8s.io":{"kind":"KubeProxyConfiguration","apiVersion":"kubeproxy.config.k8s.io/v1alpha1","hostnameOverride":"node1","mode":"iptables","iptables":{"masqueradeBit":14,"masqueradeAll":false,"localhostNodePorts":true,"syncPeriod":"30s"},"ipvs":{"scheduler":""},"nftables":{"masqueradeBit":15,"masqueradeAll":true},"detectLocalMode":"ClusterCIDR","detectLocal":{"bridgeInterface":"","interfaceNamePrefix":""},"clusterCIDR":"10.244.0.0/16,fd00:244::/32","nodePortAddresses":null}}`;

const configz = (text: string) => textArtefact(text, 'configz');
const proxyMode = (text: string) => textArtefact(text, 'proxyMode');

describe('parseKubeProxyConfig', () => {
  it('reads /configz of a running kube-proxy', () => {
    const { value, gaps } = parseKubeProxyConfig({ configz: configz(CONFIGZ), proxyMode: proxyMode('iptables') });
    expect(gaps).toEqual([]);
    const { evidence, ...fact } = value;
    expect(fact).toEqual({
      captured: true,
      mode: 'iptables',
      clusterCIDRs: ['10.244.0.0/16', 'fd00:244::/32'],
      detectLocalMode: 'ClusterCIDR',
      bridgeInterface: null,
      interfaceNamePrefix: null,
      masqueradeAll: false,
      masqueradeBit: 14,
      localhostNodePorts: true,
      nodePortAddresses: [],
      hostnameOverride: 'node1',
    });
    expect(evidence.map(({ artefact, line, pointer }) => [artefact, line, pointer])).toEqual([
      ['proxyMode', 1, undefined],
      ['configz', undefined, '/kubeproxy.config.k8s.io'],
    ]);
  });

  it('takes the settings of the mode that runs', () => {
    const { value, gaps } = parseKubeProxyConfig({ configz: configz(CONFIGZ), proxyMode: proxyMode('nftables\n') });
    expect(value).toMatchObject({ mode: 'nftables', masqueradeAll: true, masqueradeBit: 15 });
    expect(gaps).toMatchObject([
      { kind: 'not-understood', problem: 'kube-proxy runs in nftables mode, its configuration says iptables' },
    ]);
  });

  it('reads the names that older releases wrote', () => {
    const old =
      '{"kubeproxy.config.k8s.io":{"ClusterCIDR":"10.0.0.0/8","Mode":"ipvs","IPTables":{"MasqueradeAll":true,"MasqueradeBit":9},"IPVS":{"Scheduler":"lc"},"NodePortAddresses":["primary"]}}';
    const { value, gaps } = parseKubeProxyConfig({ configz: configz(old) });
    expect(gaps).toEqual([]);
    expect(value).toMatchObject({
      mode: 'ipvs',
      clusterCIDRs: ['10.0.0.0/8'],
      masqueradeAll: true,
      masqueradeBit: 9,
      ipvsScheduler: 'lc',
      nodePortAddresses: ['primary'],
    });
  });

  it('gives the defaults, and no mode, when nothing was captured', () => {
    const { value } = parseKubeProxyConfig({});
    expect(value).toMatchObject({
      captured: false,
      mode: null,
      detectLocalMode: 'ClusterCIDR',
      masqueradeBit: 14,
      localhostNodePorts: true,
      evidence: [],
    });
  });

  it.each([
    ['an empty mode, which is iptables on Linux', '{"kubeproxy.config.k8s.io":{"mode":""}}', 'iptables', 0],
    ['a mode that nobody knows', '{"kubeproxy.config.k8s.io":{"mode":"kernelspace"}}', null, 1],
    ['a mode that is no text', '{"kubeproxy.config.k8s.io":{"mode":7}}', 'iptables', 1],
    ['another component', '{"kubeletconfig":{}}', null, 1],
    ['no JSON', 'Forbidden', null, 1],
  ])('reads %s', (_, text, mode, count) => {
    const { value, gaps } = parseKubeProxyConfig({ configz: configz(text) });
    expect(value.mode).toBe(mode);
    expect(gaps).toHaveLength(count);
  });

  it('reads the text of the kube-proxy ConfigMap, turned into JSON', () => {
    const config = '{"kind":"KubeProxyConfiguration","mode":"ipvs","clusterCIDR":"10.0.0.0/8"}';
    expect(parseKubeProxyConfig({ configz: configz(config) })).toMatchObject({ value: { mode: 'ipvs' }, gaps: [] });
  });

  it('never throws on mutated dumps', () => {
    fc.assert(
      fc.property(mutatedArtefact(CONFIGZ), (artefact) => {
        const { value } = parseKubeProxyConfig({ configz: artefact, proxyMode: artefact });
        expect(value.masqueradeBit).toBeTypeOf('number');
      }),
      { numRuns: 300 },
    );
  });
});
