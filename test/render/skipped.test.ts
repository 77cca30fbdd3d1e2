import { expect, it } from 'vitest';
import type { Gap } from '../../src/model/artefact.ts';
import { skippedLines } from '../../src/render/skipped.ts';

const POD = 'clusters/lab/pods/shop';
const gap = (artefact: string, problem: string, remedy?: string): Gap => ({
  kind: 'missing',
  artefact,
  problem,
  ...(remedy === undefined ? {} : { remedy }),
});
const unentered = (pod: string, file: string): Gap =>
  gap(`${POD}/${pod}/netns/${file}`, `the network namespace of pod shop/${pod} cannot be entered`, 'run it with more');

it('tells one reason once, with how often and an example', () => {
  const gaps = [
    unentered('web-a', 'sockets.txt'),
    gap(
      'clusters/lab/nodes/node1/ipset-save.txt',
      'there is no ipset in container kube-proxy of pod kube-system/kube-proxy-x1',
    ),
    unentered('web-a', 'sysctl.txt'),
    unentered('web-b', 'sockets.txt'),
    gap(
      'clusters/lab/nodes/node2/ipset-save.txt',
      'there is no ipset in container kube-proxy of pod kube-system/kube-proxy-z9',
    ),
  ];
  expect(skippedLines(gaps)).toEqual([
    `not in it: 3 times sockets.txt, sysctl.txt, as ${POD}/web-a/netns/sockets.txt: the network namespace of pod shop/web-a cannot be entered (run it with more)`,
    'not in it: 2 times ipset-save.txt, as clusters/lab/nodes/node1/ipset-save.txt: there is no ipset in container kube-proxy of pod kube-system/kube-proxy-x1',
    'snapshot.json names each of them',
  ]);
});

it('keeps reasons apart', () => {
  const gaps = [
    gap('clusters/lab/nodes/node1/sockets.txt', 'there is no ss in container a of pod b/c'),
    gap('clusters/lab/nodes/node1/sysctl.txt', 'there is no sysctl in container a of pod b/c'),
    {
      ...gap('clusters/lab/nodes/node2/sockets.txt', 'there is no ss in container a of pod b/c'),
      kind: 'forbidden' as const,
    },
  ];
  expect(skippedLines(gaps)).toEqual(gaps.map(({ artefact, problem }) => `not in it: ${artefact}: ${problem}`));
});

it('says nothing of a whole snapshot', () => {
  expect(skippedLines([])).toEqual([]);
});
