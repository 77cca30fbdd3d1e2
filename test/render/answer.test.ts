import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { explain } from '../../src/explain/explain.ts';
import { renderAnswer, type AnswerFormat, type AnswerLayout } from '../../src/index.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { QUESTIONS } from '../laws/questions.ts';
import { ask, sampleFacts } from '../sample-facts.ts';
import { hostile, HOSTILE } from './hostile-answer.ts';

const PLAIN: AnswerLayout = { color: false, columns: 80, verbose: false, step: null };
// oxlint-disable-next-line no-control-regex -- finding control characters is the point
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const mesh = await sampleFacts('one-node-bookinfo');
const shop = await sampleFacts('kube-proxy-iptables');

const reviews = explain(mesh, ask('productpage-v1-abc', 'http://reviews:9080/reviews/1', { namespace: 'bookinfo' }));
const affinity = explain(shop, ask('cli-a', 'web-affinity', { namespace: 'shop' }));

function render(explanation: Explanation, format: AnswerFormat, layout: Partial<AnswerLayout> = {}): string {
  const text = renderAnswer(explanation, format, { ...PLAIN, ...layout });
  if (text === undefined) throw new Error('there is no such step');
  return text;
}

/** What a line begins with: the tree's own lines, numbers and signs. */
const LEAD = /^[│├└─●→=≠ ]*(?:\d+ {2})?(?:not known: |assumed: )?/;

describe('the tree', () => {
  const asked = QUESTIONS.filter((_, index) => index % 9 === 0);
  const answers = asked.map(([sample, question]) =>
    sample === 'one-node-bookinfo' ? explain(mesh, question) : explain(shop, question),
  );

  it.each([40, 60, 80, 120])('is no wider than %i columns, but for words that are', (columns) => {
    for (const answer of [reviews, affinity, ...answers]) {
      const wide = render(answer, 'tree', { columns })
        .split('\n')
        .filter((line) => line.length > columns);
      // A word that does not fit stands alone on its line.
      expect(wide.filter((line) => line.replace(LEAD, '').includes(' '))).toEqual([]);
    }
  });

  it('takes terminals for at least 40 columns wide', () => {
    expect(render(reviews, 'tree', { columns: 5 })).toBe(render(reviews, 'tree', { columns: 40 }));
  });

  it.each([40, 80, 120])('keeps the end of every place at %i columns', (columns) => {
    const lines = render(reviews, 'tree', { columns }).split('\n');
    expect(lines.filter((line) => line.includes('.txt')).every((line) => /\.txt:\d+$/.test(line))).toBe(true);
  });

  it('shows everything of every evidence with -v', () => {
    const text = render(reviews, 'tree', { verbose: true });
    for (const { evidence } of reviews.branches[0]?.hops.flatMap((hop) => hop.steps) ?? []) {
      for (const { artefact, raw } of evidence) {
        expect(text).toContain(artefact);
        expect(text).toContain(raw.replaceAll('\t', '\\x09'));
      }
    }
  });

  it('colours only when asked to, and changes nothing but colours', () => {
    const colored = render(reviews, 'tree', { color: true });
    expect(render(reviews, 'tree')).not.toContain('\u001b');
    expect(colored).toContain('\u001b[');
    // oxlint-disable-next-line no-control-regex -- taking the colours away again
    expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(render(reviews, 'tree'));
  });
});

describe('what is not known', () => {
  const refusal = 'the API server does not let this identity list pods (403)';
  const gaps = [
    ...['pods', 'nodes', 'endpoints'].map((name) => ({
      artefact: `clusters/lab/resources/core/v1/${name}.json`,
      problem: refusal,
      remedy: 'allow it',
    })),
    ...[1, 2].map((node) => ({
      artefact: `clusters/lab/nodes/node${node}/ipset-save.txt`,
      problem: `there is no ipset in container kube-proxy of pod kube-system/kube-proxy-x${node}`,
      remedy: null,
    })),
  ];
  const partly: Explanation = { ...reviews, coverage: { ...reviews.coverage, gaps } };

  it('is told once for each reason, with how often and an example', () => {
    expect(render(partly, 'tree', { columns: 300 })).toContain(
      [
        `  not known: 3 times endpoints.json, nodes.json, pods.json, as clusters/lab/resources/core/v1/pods.json: ${refusal} (allow it)`,
        '  not known: 2 times ipset-save.txt, as clusters/lab/nodes/node1/ipset-save.txt: there is no ipset in container kube-proxy of pod kube-system/kube-proxy-x1',
      ].join('\n'),
    );
  });

  it('names each artefact with -v, and each in JSON', () => {
    const text = render(partly, 'tree', { columns: 300, verbose: true });
    const names = ['pods', 'nodes', 'endpoints'].map((name) => `clusters/lab/resources/core/v1/${name}.json`);
    expect(text).toContain(`  not known: ${names.join(', ')}: ${refusal} (allow it)`);
    for (const node of ['1', '2'])
      expect(text).toMatch(new RegExp(`not known: \\S+ there is no ipset .+-x${node}$`, 'm'));
    expect(JSON.parse(render(partly, 'json'))).toMatchObject({ coverage: { gaps } });
  });

  it('counts what it leaves out', () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map((word) => ({
      artefact: `${word}.json`,
      problem: `${word}! is odd`,
      remedy: null,
    }));
    const text = render({ ...reviews, coverage: { ...reviews.coverage, gaps: [...many, ...many] } }, 'tree');
    expect(text).toMatch(/not known: 2 times c\.json, as c\.json: c! is odd\n  and 4 more gaps \(-v shows them\)$/);
  });
});

describe('one step', () => {
  it('is shown whole, by its number', () => {
    const text = render(reviews, 'tree', { step: 2 });
    expect(text).toMatch(/^step 2: nat OUTPUT → ISTIO_OUTPUT → ISTIO_REDIRECT redirects/);
    expect(text).toContain('-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001');
    expect(renderAnswer(reviews, 'tree', { ...PLAIN, step: 999 })).toBeUndefined();
  });
});

describe('formats for machines', () => {
  it.each([['reviews', reviews] as const, ['affinity', affinity] as const, ['hostile', hostile(reviews)] as const])(
    'json and yaml of %s hold the answer itself',
    (_, answer) => {
      const same: unknown = JSON.parse(JSON.stringify(answer));
      expect(JSON.parse(render(answer, 'json'))).toEqual(same);
      expect(parse(render(answer, 'yaml'))).toEqual(same);
    },
  );

  it('ignore the terminal', () => {
    for (const format of ['json', 'yaml', 'mermaid', 'wide'] as const) {
      expect(render(reviews, format, { color: true, columns: 40, verbose: true })).toBe(render(reviews, format));
    }
  });
});

describe('-o wide', () => {
  it('has a row for each branch under kubectl’s kind of heading', () => {
    const [heading, ...rows] = render(affinity, 'wide').split('\n');
    expect(heading).toMatch(/^SHARE +DISPOSITION +STATUS +FLAG +BACKEND +POD +NODE +SOURCE SEEN +CONDITION +REASON$/);
    expect(rows).toHaveLength(affinity.branches.length);
    expect(rows[0]).toMatch(/^100 % +delivered +- +- +10\.244\.1\.10:8080 +shop\/web-a +node1 +10\.244\.1\.20 +/);
  });
});

describe('-o mermaid', () => {
  /** The lines that the renderer writes; everything else would be markup of somebody else's making. */
  const NODE = /^ {2}n\d+(?:\["[^"]*"\]|\(\["[^"]*"\]\)|\[\/"[^"]*"\/\])$/;
  const EDGE = /^ {2}n\d+ -->(?:\|"[^"]*"\|)? n\d+$/;

  it.each([['reviews', reviews] as const, ['affinity', affinity] as const, ['hostile', hostile(reviews)] as const])(
    'of %s is a flowchart of nodes and edges alone',
    (_, answer) => {
      const [first, ...lines] = render(answer, 'mermaid').split('\n');
      expect(first).toBe('flowchart TD');
      expect(lines.filter((line) => !NODE.test(line) && !EDGE.test(line))).toEqual([]);
      const nodes = lines.filter((line) => NODE.test(line)).map((line) => line.trim().split(/\W/)[0]);
      expect(new Set(nodes).size).toBe(nodes.length);
      for (const line of lines.filter((one) => EDGE.test(one))) {
        for (const id of line.replace(/\|"[^"]*"\|/, '').match(/n\d+/g) ?? []) expect(nodes).toContain(id);
      }
    },
  );

  it('has no markup of HTML or Mermaid in its texts', () => {
    const text = render(hostile(reviews), 'mermaid').replaceAll('<br/>', '');
    expect(text).not.toMatch(/[<`]/);
    expect(text).not.toMatch(/#(?!\d+;)/);
  });
});

describe('text that came from a cluster', () => {
  it.each(['tree', 'wide', 'json', 'yaml', 'mermaid'] as const)('cannot act on a terminal in %s', (format) => {
    for (const verbose of [false, true]) {
      const text = render(hostile(reviews), format, { verbose });
      expect(CONTROLS.exec(text)).toBeNull();
    }
  });

  it('is escaped as a person can read it, and cannot begin a line of the answer', () => {
    const text = render(hostile(reviews), 'tree', { columns: 400 });
    expect(text).toContain('\\x1b[2J');
    expect(text).toContain('\\u202e');
    expect(text).toContain('\\x0a');
    expect(text.split('\n').filter((line) => line.startsWith('REACHABLE all is well'))).toEqual([]);
    const row = render(hostile(reviews), 'wide').split('\n');
    expect(row).toHaveLength(1 + reviews.branches.length);
    expect(HOSTILE).toContain('\n');
  });
});
