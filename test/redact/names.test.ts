import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRedaction, type Redaction } from '../../src/redact/redact.ts';
import { sampleSource } from '../sample-facts.ts';

const hash = (text: string): string => createHmac('sha256', 'a key of this test').update(text).digest('hex');

/** Names and addresses of the labs. `reviews` and `productpage` are paths as well, which stay. */
const NAMES = {
  'one-node-bookinfo': [
    'bookinfo',
    'reviews-v1',
    'ratings',
    'node1',
    'httpbin',
    '10.244.1.',
    '10.96.1.',
    'v9-empty',
    'zone-a',
  ],
  'kube-proxy-iptables': [
    'shop',
    'web-lb',
    'node1',
    'node2',
    '10.244.',
    '10.10.0.',
    'db-nodeport',
    'samenode',
    'fd00:10',
  ],
  'kube-proxy-nftables': [
    'shop',
    'web-lb',
    'node1',
    'node2',
    '10.244.',
    '10.10.0.',
    'db-nodeport',
    'samenode',
    'fd00:10',
  ],
} as const;

it.each(Object.entries(NAMES))('%s: no name or address of the lab is left', async (sample, names) => {
  const source = await sampleSource(sample as keyof typeof NAMES);
  const own = source.names().filter((name) => name !== 'snapshot.json');
  const redaction = createRedaction('names', hash);
  const bytes = (name: string): Buffer => source.artefact(name)?.bytes ?? Buffer.alloc(0);
  for (const name of own) redaction.learn(name, bytes(name));
  const made = own.map((name) => redaction.redact(name, bytes(name)));
  const texts = made.map((one) => ('leftOut' in one ? '' : `${one.name}\n${one.bytes.toString('utf8')}`));
  const found = names.filter((name) => texts.some((text) => text.includes(name)));
  expect(found).toEqual([]);
});

describe('what becomes of', () => {
  const NODE = 'clusters/c/nodes/n1';
  const text = (redaction: Redaction, name: string, content: string): string => {
    const made = redaction.redact(name, Buffer.from(content));
    if ('leftOut' in made) throw new Error(made.leftOut);
    return made.bytes.toString('utf8');
  };
  const line = (content: string): string => text(createRedaction('names', hash), `${NODE}/iptables-save.txt`, content);
  const nft = (value: unknown): unknown =>
    JSON.parse(text(createRedaction('names', hash), `${NODE}/nft-ruleset.json`, JSON.stringify(value)));
  const envoy = (value: unknown): unknown =>
    JSON.parse(
      text(createRedaction('names', hash), 'clusters/c/pods/n/p/envoy/config_dump.json', JSON.stringify(value)),
    );

  it('a rule of kube-proxy: its shape, with other names and addresses', () => {
    expect(
      line(
        '-A KUBE-SVC-ULMVA6XWABCDEFGH -d 10.96.7.1/32 ! -s 10.244.0.0/16 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ',
      ),
    ).toMatch(
      /^-A KUBE-SVC-[A-Z2-7]{16} -d 10\.\d+\.\d+\.\d+\/32 ! -s 10\.\d+\.0\.0\/16 -p tcp -m comment --comment "n[a-p]{12}\/n[a-p]{12}:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ$/,
    );
  });

  it('a range of addresses: another range where it is a prefix, else nothing that could be matched', () => {
    expect(line('-A X -m iprange --src-range 10.0.0.0-10.0.0.255 -j Y')).toMatch(
      / --src-range (10\.\d+\.\d+)\.0-\1\.255 /,
    );
    expect(line('-A X -m iprange --src-range 10.0.0.3-10.0.0.9 -j Y')).toMatch(/ --src-range REDACTED-[0-9a-f]{12} /);
    expect(line('-A X -m iprange --src-range fd00::1-fd00::9 -j Y')).toMatch(/ --src-range REDACTED-[0-9a-f]{12} /);
    expect(nft({ range: ['10.0.0.3', '10.0.0.9'] })).toEqual({
      range: [expect.stringMatching(/^REDACTED-/), expect.stringMatching(/^REDACTED-/)],
    });
  });

  it('a mask that is no prefix: nothing that could be matched', () => {
    expect(line('-A X -s 10.0.0.1/255.0.0.255 -j Y')).toMatch(/ -s REDACTED-[0-9a-f]{12} /);
    const match = {
      op: '==',
      left: { '&': [{ payload: { protocol: 'ip', field: 'saddr' } }, '255.255.0.0'] },
      right: '10.1.0.0',
    };
    expect(nft({ match })).toMatchObject({ match: { right: expect.stringMatching(/^REDACTED-/) as string } });
  });

  it('a prefix whose length stands beside it: the prefix of its addresses', () => {
    const made = nft({ a: { prefix: { addr: '10.244.0.0', len: 16 } }, b: '10.244.3.4' }) as {
      a: { prefix: { addr: string } };
      b: string;
    };
    const [, network = ''] = /^(\d+\.\d+)\.0\.0$/.exec(made.a.prefix.addr) ?? [];
    expect(made.b.startsWith(`${network}.`)).toBe(true);
    const cidr = envoy({ a: { address_prefix: '10.244.0.0', prefix_len: 16 }, b: { address_prefix: '0.0.0.0' } });
    expect(cidr).toEqual({ a: { address_prefix: `${network}.0.0`, prefix_len: 16 }, b: { address_prefix: '0.0.0.0' } });
  });

  it('interfaces, and what begins their names: they stay', () => {
    const redaction = createRedaction('names', hash);
    redaction.learn(`${NODE}/ip-link.json`, Buffer.from('[{"ifname":"cali12ab34cd56"}]'));
    const rule = '-A INPUT -i cali12ab34cd56 -j DROP\n-A INPUT -i cali+ -j DROP';
    expect(text(redaction, `${NODE}/iptables-save.txt`, rule)).toBe(rule);
  });

  it('patterns of names: kept where they end between words, undecidable where they cut one', () => {
    const principal = (pattern: object) => ({ authenticated: { principal_name: pattern } });
    const made = envoy([
      principal({ exact: 'spiffe://cluster.local/ns/shop/sa/web' }),
      principal({ prefix: 'spiffe://cluster.local/ns/shop/' }),
      principal({ prefix: 'spiffe://cluster.local/ns/sho' }),
      principal({ suffix: '/sa/web' }),
      principal({ safe_regex: { regex: '.*/ns/shop/.*' } }),
      {
        headers: [
          { name: ':authority', string_match: { prefix: 'shop' } },
          { name: 'x-team', string_match: { prefix: 'sho' } },
        ],
      },
      { match: { prefix: '/shop' }, route: { prefix_rewrite: '/web' } },
    ]);
    const word = 'n[a-p]{12}';
    expect(made).toEqual([
      principal({ exact: expect.stringMatching(`^spiffe://cluster\\.local/ns/${word}/sa/${word}$`) }),
      principal({ prefix: expect.stringMatching(`^spiffe://cluster\\.local/ns/${word}/$`) }),
      principal({ prefix: expect.stringMatching(/^REDACTED-/) }),
      principal({ suffix: expect.stringMatching(`^/sa/${word}$`) }),
      principal({ safe_regex: { regex: expect.stringMatching(/^REDACTED-/) } }),
      {
        headers: [
          { name: ':authority', string_match: { prefix: expect.stringMatching(/^REDACTED-/) } },
          { name: 'x-team', string_match: { prefix: 'sho' } },
        ],
      },
      { match: { prefix: '/shop' }, route: { prefix_rewrite: '/web' } },
    ]);
  });
});
