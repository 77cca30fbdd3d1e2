import { capital } from '../model/wording.ts';
import { finding, visitsOf, type Check } from './check.ts';

const REMEDIES: Readonly<Record<string, string>> = {
  'not-translated-back':
    'Masquerade the connection where its destination is translated (kube-proxy: externalTrafficPolicy Cluster, or masqueradeAll), or enter by the node that runs the endpoint.',
  bridged: 'Load br_netfilter on the node and set net.bridge.bridge-nf-call-iptables (for IPv6: -ip6tables) to 1.',
  filtered: 'Let answers of tracked connections pass in the filter table (conntrack state RELATED,ESTABLISHED).',
  'cut-off':
    'Let packets of established connections pass in both directions in the filter table (conntrack state RELATED,ESTABLISHED), and track both directions or none.',
  'no-route': 'Give the node a route back to the client.',
  'reverse-path': 'Set rp_filter to 0 or 2 on the device, or make the routes symmetric.',
};

/** K15, K16, K28: requests arrive, answers do not. */
export const answerLostCheck: Check = {
  code: 'KR208',
  run: (context) =>
    visitsOf(context, 'return').flatMap(({ server, result, reason, code, evidence }) => {
      if (result !== 'broken') return [];
      return [
        finding('KR208', {
          subject: server.kind === 'pod' ? `pod ${server.pod.namespace}/${server.pod.name}` : `node ${server.node}`,
          cause: `${capital(reason ?? 'the answer is lost')}.`,
          remedy: REMEDIES[code ?? ''] ?? 'Follow the way back step by step on the machines named.',
          evidence,
        }),
      ];
    }),
};
