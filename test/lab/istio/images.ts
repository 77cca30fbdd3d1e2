import { readFileSync } from 'node:fs';
import path from 'node:path';
import { installEnvoy } from '../../conformance/envoy/install-envoy.ts';
import { goProgram, istioSources } from '../build/go-modules.ts';
import { imageFile, type Image } from '../image/image.ts';
import { IPTABLES_LINKS, plugins, programs } from '../image/images.ts';

/** Where Istio's images come from, as `istioctl install` is told. */
export const HUB = 'lab.test';
export const TAG = '1';

/** The newest Envoy that the lab runs as Istio's proxy: the original, without Istio's own extensions. */
const ENVOY = '1.40.0';
const ISTIO_PROXY = 'istio-proxy:x:1337:1337::/:/bin/false';

/**
 * Images of istiod and of the proxy, with what Istio's own have (pilot/docker/Dockerfile.pilot and Dockerfile.proxyv2 in its source).
 * @returns the files of the images
 */
export async function istioImageFiles(): Promise<string[]> {
  const [istiod, agent, sources] = await Promise.all([goProgram('istiod'), goProgram('pilot-agent'), istioSources()]);
  const bootstrap = path.join(sources, 'tools/packaging/common/envoy_bootstrap.json');
  const users = `root:x:0:0:root:/root:/bin/sh\n${ISTIO_PROXY}\nnobody:x:65534:65534:nobody:/:/bin/false\n`;
  const images: Image[] = [
    {
      name: `${HUB}/pilot:${TAG}`,
      entrypoint: ['/usr/local/bin/pilot-discovery'],
      user: '1337:1337',
      programs: { 'usr/local/bin/pilot-discovery': istiod },
      scripts: { 'etc/passwd': users },
    },
    {
      name: `${HUB}/proxyv2:${TAG}`,
      entrypoint: ['/usr/local/bin/pilot-agent'],
      programs: {
        ...programs(['dash', 'cat', 'ls', 'curl', 'ip', 'ss', 'xtables-nft-multi', 'xtables-legacy-multi', 'nft']),
        'usr/local/bin/pilot-agent': agent,
        'usr/local/bin/envoy': installEnvoy(ENVOY),
      },
      files: plugins(),
      links: { 'usr/bin/sh': 'dash', ...IPTABLES_LINKS },
      scripts: {
        'etc/passwd': users,
        'var/lib/istio/envoy/envoy_bootstrap_tmpl.json': readFileSync(bootstrap, 'utf8'),
      },
    },
  ];
  return Promise.all(images.map(imageFile));
}
