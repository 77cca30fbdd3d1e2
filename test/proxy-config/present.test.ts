import { describe, expect, it } from 'vitest';
import type { Table } from '../../src/explain/proxy-config/table.ts';
import type { Proxies, Proxy } from '../../src/proxy-config/proxies.ts';
import { present, type Part, type Printed, type ShowFormat } from '../../src/proxy-config/present.ts';
import { renderTable } from '../../src/render/istioctl/table.ts';
import { renderJson } from '../../src/render/json.ts';

/** More than is held as one text. */
const ROWS = Array.from({ length: 12000 }, (_, index) => [
  `10.0.${index >> 8}.${index & 255}:80`,
  'größer',
  'x'.repeat(60),
]);
const TABLE: Table = { columns: ['ENDPOINT', 'SIZE', 'CLUSTER'], rows: ROWS, padding: 3 };
const ITEMS = ROWS.map(([endpoint, size, cluster]) => ({ endpoint, size, cluster }));

const part: Part = {
  short: () => TABLE,
  messages: () => ({ values: [], type: 'envoy.admin.v3.ClusterStatus', as: 'list' }),
  items: () => ITEMS.values(),
};
const proxies = {
  list: [{ name: 'web.default' }] as unknown as Proxy[],
  several: false,
  note: null,
  complete: true,
  check: () => {},
};

function show(of: Proxies, format: ShowFormat): Promise<Printed> {
  return present('endpoints', of, () => part, { format, odd: false });
}

function whole({ pieces, text }: Printed): string {
  return Buffer.concat([...pieces, Buffer.from(text)]).toString('utf8');
}

describe('a long answer', () => {
  it.each(['short', 'wide'] as const)('in %s is the table, in pieces', async (format) => {
    const shown = await show(proxies, format);
    expect([...shown.pieces].length).toBeGreaterThan(1);
    expect(whole(shown)).toBe(renderTable(TABLE));
  });

  it('that is very long is made as it is printed, unless something may have to be asked for it', async () => {
    let made = 0;
    const long: Part = {
      ...part,
      *items() {
        for (; made < 3000; made += 1) yield { text: 'x'.repeat(100_000) };
      },
    };
    const shown = await present('endpoints', proxies, () => long, { format: 'reach-json', odd: false });
    expect(made).toBeLessThan(2000);
    let length = 0;
    for (const piece of shown.pieces) length += piece.length;
    expect([made, length > 300_000_000]).toEqual([3000, true]);
    made = 1500;
    await present('endpoints', { ...proxies, complete: false }, () => long, { format: 'reach-json', odd: false });
    expect(made).toBe(3000);
  });

  it('in reach-json is the document, in pieces', async () => {
    const shown = await show(proxies, 'reach-json');
    expect([...shown.pieces].length).toBeGreaterThan(1);
    const items = ITEMS.map((item) => ({ proxy: 'web.default', ...item }));
    expect(whole(shown)).toBe(`${renderJson({ schemaVersion: '1.0', kind: 'endpoints', items })}\n`);
  });
});
