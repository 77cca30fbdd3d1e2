import { finding, visitsOf, type Check } from './check.ts';

/** K07: rules of both back ends are live in the kernel at once; the older one may win. */
export const bothBackendsCheck: Check = {
  code: 'KR205',
  run: (context) =>
    visitsOf(context, 'netns').flatMap(({ owner, flow }) => {
      if (owner.kind !== 'node') return [];
      const rulesets = context.cluster.node(owner.node).netns.iptables(flow.family).value ?? [];
      const kubernetes = rulesets.filter((ruleset) => ruleset.chain('nat', 'KUBE-SERVICES') !== undefined);
      if (new Set(kubernetes.map((ruleset) => ruleset.backend)).size < 2) return [];
      return [
        finding('KR205', {
          subject: `node ${owner.node}`,
          cause: "kube-proxy's chains exist in both the nf_tables and the legacy back end; the kernel runs both.",
          remedy:
            'Clear the back end that kube-proxy no longer uses (kube-proxy --cleanup with its iptables), or restart the node.',
          evidence: kubernetes.flatMap((ruleset) => {
            const chain = ruleset.chain('nat', 'KUBE-SERVICES');
            return chain === undefined ? [] : [chain.evidence];
          }),
        }),
      ];
    }),
};
