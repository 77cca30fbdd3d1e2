import { finding, objectsOf, type Check } from './check.ts';
import { nodesMet } from './nodes-met.ts';

const LABEL = 'kube-proxy';

/** K04: where kube-proxy runs as pods (kubeadm's DaemonSet labels them `k8s-app: kube-proxy`), every node has a ready one. */
export const kubeProxyPodCheck: Check = {
  code: 'KR212',
  run: (context) => {
    const objects = objectsOf(context);
    if (objects?.captured('pods') !== true) return [];
    const proxies = objects.podsHaving(LABEL).filter((pod) => pod.labels['k8s-app'] === LABEL);
    if (proxies.length === 0) return [];
    return nodesMet(context).flatMap(({ name }) => {
      const own = proxies.filter((pod) => pod.nodeName === name);
      if (own.some((pod) => pod.ready)) return [];
      const [pod] = own;
      const state =
        pod === undefined
          ? 'has no pod of kube-proxy, though others have'
          : `has kube-proxy's pod ${pod.name}, which is not ready`;
      return [
        finding('KR212', {
          subject: `node ${name}`,
          cause: `Node ${name} ${state}, so its rules stay as they were last written.`,
          remedy: `See why kube-proxy does not run on ${name} (kubectl describe pod, its log, taints of the node), and mend that.`,
          evidence: (pod === undefined ? proxies.slice(0, 1) : own).map((one) => one.cursor.at('status').evidence()),
        }),
      ];
    });
  },
};
