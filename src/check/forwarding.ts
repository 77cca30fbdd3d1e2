import { finding, visitsOf, type Check } from './check.ts';

/** K26: a node that does not forward is no router for its pods. */
export const forwardingCheck: Check = {
  code: 'KR209',
  run: (context) =>
    visitsOf(context, 'netns').flatMap(({ owner, flow, from }) => {
      if (owner.kind !== 'node' || from !== 'wire') return [];
      const name = flow.family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
      const setting = context.cluster.node(owner.node).netns.sysctl().value?.get(name);
      if (setting === undefined || setting.value !== '0') return [];
      return [
        finding('KR209', {
          subject: `node ${owner.node}`,
          cause: `${name} is 0, so the node forwards no packet from or to its pods.`,
          remedy: `Set ${name} to 1 on ${owner.node} (sysctl -w ${name}=1) and keep it in /etc/sysctl.d.`,
          evidence: [setting.evidence],
        }),
      ];
    }),
};
