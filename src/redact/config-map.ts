import type { Hiding } from './hiding.ts';
import { bareName, isSecretName } from './names-of-secrets.ts';

/** ConfigMaps of the cluster's DNS. */
const DNS = /^(?:coredns|coredns-custom|kube-dns|node-local-dns|nodelocaldns|rke2-coredns.*)$/;
/** Blocks of a mesh configuration whose values somebody wrote for others to see: headers that are added, variables. */
const VALUE_BLOCK =
  /^(?:headers|httpheaders|initialmetadata|proxymetadata|runtimevalues|headerstoadd|requestheaders|env|environment|.*headers?toadd)$/;

/** An entry of a ConfigMap: only what the answer about a request needs is kept, and secrets are taken out of that. */
export function hideConfig(name: string, key: string, value: string, hiding: Hiding): string {
  if (value === '') return value;
  if (key === 'Corefile' || DNS.test(name)) return hiding.text(value);
  if (name === 'kube-proxy' && key === 'config.conf') return hideInYaml(value, hiding);
  if (name.startsWith('istio') && (key === 'mesh' || key === 'meshNetworks')) return hideInYaml(value, hiding);
  return hiding.value(value, false);
}

/** Values of secrets, and of what others are sent, in a text of YAML. Lines stay lines. */
function hideInYaml(text: string, hiding: Hiding): string {
  /** Indent of the innermost block whose values are hidden. */
  let block = -1;
  const lines = text.split('\n').map((line) => {
    const [, key = '', value = ''] = /^[ \t]*(?:-[ \t]{1,8})?["']?([\w.$/-]{1,200})["']?:[ \t]*(.*)$/.exec(line) ?? [];
    const depth = /^[ \t]*/.exec(line)?.[0].length ?? 0;
    if (line.trim() !== '' && depth <= block && !/^[ \t]*-/.test(line)) block = -1;
    if (key === '') return block >= 0 && line.trim() !== '' ? hideScalar(line, hiding) : line;
    if (block < 0 && VALUE_BLOCK.test(bareName(key))) block = depth;
    if (value === '' || /^[|>&*]/.test(value)) {
      if (/^[|>]/.test(value) && isSecretName(key)) block = depth;
      return line;
    }
    const inBlock = block >= 0 && (depth > block || VALUE_BLOCK.test(bareName(key)));
    if (!isSecretName(key) && !inBlock) return line;
    if (/^(?:name|key|headername)$/i.test(key) && inBlock) return line;
    return line.slice(0, line.length - value.length) + hiding.value(value.trim(), isSecretName(key));
  });
  return hiding.text(lines.join('\n'));
}

/** A line of a block that has no key: an element of a list, or a line of a longer text. */
function hideScalar(line: string, hiding: Hiding): string {
  const [, before = '', value = ''] = /^([ \t]*(?:-[ \t]+)?)(.*)$/.exec(line) ?? [];
  return before + hiding.value(value, false);
}
