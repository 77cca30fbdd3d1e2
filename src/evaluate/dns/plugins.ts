import { RE2JS } from 're2js';
import { parseAddress } from '../../model/address.ts';
import type { Directive, ServerBlock } from './corefile.ts';

/** What the plugins that run before `kubernetes` do with a name. */
export type BeforeKubernetes =
  /** `ipv4Only`: a template answers questions for IPv6 addresses with nothing */
  | { readonly kind: 'nothing'; readonly ipv4Only: boolean }
  | { readonly kind: 'hosts'; readonly addresses: readonly string[] }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Plugins that change no address answer (coredns/core/dnsserver/zdirectives.go and each plugin's README). */
const HARMLESS = new Set(
  `root metadata cancel proxyproto quic grpc_server https https3 timeouts multisocket reload nsid bufsize bind debug trace ready
  health pprof prometheus errors log dnstap local any chaos loadbalance tsig autopath cache header dnssec tls minimal transfer
  kubernetes loop sign on nomad shed log_rotation`.split(/\s+/),
);

/** Plugins after `kubernetes`: they answer what it does not. */
const AFTER = new Set(['file', 'auto', 'secondary', 'etcd', 'forward', 'proxy', 'grpc', 'erratic', 'whoami']);

/**
 * Asks the plugins of a server block that come before `kubernetes` in CoreDNS's fixed order whether they may answer or change a
 * name. One that may, and whose answer cannot be told from the Corefile, makes the answer unknown.
 */
export function answersBefore(server: ServerBlock, zone: string, name: string): BeforeKubernetes {
  const rewritten = server.directives.find((one) => one.name === 'rewrite' && mayRewrite(one, name));
  if (rewritten !== undefined) return unknown(rewritten, `rewrites ${name}`);
  let ipv4Only = false;
  for (const one of server.directives) {
    if (one.name === 'rewrite' || one.name === 'hosts' || HARMLESS.has(one.name) || AFTER.has(one.name)) continue;
    if (!concerns(one, name)) continue;
    ipv4Only ||= suppressesIPv6(one);
    if (!suppressesIPv6(one)) return unknown(one, `may answer ${name}`);
  }
  const hosts = server.directives.find((one) => one.name === 'hosts');
  const asked = hosts === undefined ? undefined : askHosts(hosts, zone, name);
  if (asked?.kind === 'hosts' && ipv4Only)
    return { kind: 'hosts', addresses: asked.addresses.filter((ip) => !ip.includes(':')) };
  return asked ?? { kind: 'nothing', ipv4Only };
}

/** `template CLASS TYPE [ZONE…]` and `k8s_external [ZONE…]` are for their zones alone. */
function concerns({ name: plugin, args }: Directive, name: string): boolean {
  const zones = plugin === 'template' ? args.slice(2) : plugin === 'k8s_external' ? args : [];
  return (
    zones.length === 0 ||
    zones.some((zone) => `.${name}`.endsWith(`.${zone.toLowerCase().replace(/\.$/, '')}`) || zone === '.')
  );
}

function unknown(directive: Directive, what: string): BeforeKubernetes {
  return { kind: 'unknown', reason: `plugin ${directive.name} at line ${directive.line} of the Corefile ${what}` };
}

/** `template ANY AAAA { rcode NOERROR }`: questions for IPv6 addresses get an empty answer, the others go on. */
function suppressesIPv6({ name, args, options }: Directive): boolean {
  if (name !== 'template' || args[1]?.toUpperCase() !== 'AAAA') return false;
  return options.length > 0 && options.every((one) => one.name === 'rcode' && one.args[0]?.toUpperCase() === 'NOERROR');
}

/** coredns/plugin/rewrite: name rules by their way of matching; of the other rules ttl and edns0 change no address. */
function mayRewrite(rule: Directive, name: string): boolean {
  const words = ['stop', 'continue'].includes(rule.args[0] ?? '') ? rule.args.slice(1) : rule.args;
  const inside = rule.options.map((one) => [one.name, ...one.args]);
  return [words, ...inside].filter((one) => one.length > 0).some((one) => ruleMatches(one, name));
}

function ruleMatches([field, ...args]: readonly string[], name: string): boolean {
  if (field === 'ttl' || field === 'edns0' || field === 'answer') return false;
  if (field !== 'name') return true;
  const [how, from] = args.length <= 2 ? ['exact', args[0] ?? ''] : [args[0] ?? '', args[1] ?? ''];
  const asked = `${name}.`;
  const text = from.toLowerCase();
  switch (how.toLowerCase()) {
    case 'exact':
      return asked === (text.endsWith('.') ? text : `${text}.`);
    case 'suffix':
      return asked.endsWith(text.endsWith('.') ? text : `${text}.`);
    case 'prefix':
      return asked.startsWith(text);
    case 'substring':
      return asked.includes(text);
    case 'regex':
      return regexMatches(from, asked);
    default:
      return true;
  }
}

function regexMatches(pattern: string, text: string): boolean {
  try {
    return RE2JS.compile(pattern).matcher(text).find();
  } catch {
    return true;
  }
}

/** coredns/plugin/hosts: inline entries are known, a file of its own is not. Without `fallthrough` other names get SERVFAIL. */
function askHosts(hosts: Directive, zone: string, name: string): BeforeKubernetes | undefined {
  const words = hosts.args.filter((one) => !/[/\\]/.test(one));
  const zones = words.map((one) => one.toLowerCase().replace(/\.$/, ''));
  const covers = zones.length === 0 || zones.some((one) => one === '' || name === one || name.endsWith(`.${one}`));
  if (!covers) return undefined;
  const addresses = hosts.options.flatMap((entry) => {
    const address = parseAddress(entry.name);
    return address !== undefined && entry.args.some((one) => one.toLowerCase().replace(/\.$/, '') === name)
      ? [address.text]
      : [];
  });
  if (addresses.length > 0) return { kind: 'hosts', addresses };
  const through = hosts.options.find((entry) => entry.name === 'fallthrough');
  const passes =
    through !== undefined &&
    (through.args.length === 0 ||
      through.args.some((one) => `.${name}`.endsWith(`.${one.replace(/\.$/, '')}`) || one === '.'));
  if (passes && hosts.args.length === words.length) return undefined;
  if (passes) return unknown(hosts, `reads a file that was not captured, which may hold ${name}`);
  return unknown(hosts, `answers for zone ${zone || '.'} without fallthrough`);
}
