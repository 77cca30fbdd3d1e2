import { listText } from '../model/wording.ts';
import { finding, objectsOf, visitsOf, type Check } from './check.ts';

const FINISHED = new Set(['Succeeded', 'Failed']);

/** K35: two live pods were given one address; which of them a packet reaches is up to each node's routes and neighbours. */
export const duplicateAddressCheck: Check = {
  code: 'KR120',
  run: (context) => {
    const destinations = visitsOf(context, 'socket').map(({ flow }) => flow.destination);
    const endpoints = visitsOf(context, 'netns').flatMap(({ intended }) =>
      (intended ?? []).flatMap(({ destination }) => destination?.ip ?? []),
    );
    return [...new Set([...destinations, ...endpoints])].flatMap((ip) => {
      const pods = (objectsOf(context)?.podsHaving(ip) ?? []).filter(
        (pod) => !pod.hostNetwork && !FINISHED.has(pod.phase ?? '') && pod.ips.includes(ip),
      );
      if (pods.length < 2) return [];
      return [
        finding('KR120', {
          subject: `address ${ip}`,
          cause: `Pods ${listText(pods.map((pod) => `${pod.namespace}/${pod.name}`))} have the same address ${ip}, so that connections reach now one, now another.`,
          remedy:
            'Delete all but one of the pods, and see why addresses are given out twice (overlapping ranges, lost records of the CNI plugin).',
          evidence: pods.slice(0, 5).map((pod) => pod.cursor.at('status', 'podIPs').evidence()),
        }),
      ];
    });
  },
};
