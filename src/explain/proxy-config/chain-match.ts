import { isSet, list, number, text, texts } from '../../model/protobuf-message.ts';

/** Lists of application protocols that istiod writes, by what they mean. */
const PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['http/1.0,http/1.1,h2c,istio-http/1.0,istio-http/1.1,istio-h2', 'App: HTTP TLS'],
  ['istio,istio-http/1.0,istio-http/1.1,istio-h2', 'App: Istio HTTP Plain'],
  ['istio-peer-exchange,istio', 'App: TCP TLS'],
  ['http/1.0,http/1.1,h2c', 'App: HTTP'],
]);

/**
 * What a connection must be like to enter a filter chain, in the words of istioctl; `ALL` when nothing is asked. It leaves out
 * suffix lengths, source types, source addresses and source ports, as istioctl does.
 */
export function chainMatch(chain: unknown): string {
  const serverNames = texts(chain, 'filter_chain_match', 'server_names').join(',');
  const transport = text(chain, 'filter_chain_match', 'transport_protocol');
  const applications = texts(chain, 'filter_chain_match', 'application_protocols').join(',');
  const parts = [
    ...(serverNames === '' ? [] : [`SNI: ${serverNames}`]),
    ...(transport === '' ? [] : [`Trans: ${transport}`]),
    ...(applications === '' ? [] : [PROTOCOLS.get(applications) ?? `App: ${applications}`]),
    ...destination(chain),
  ];
  return parts.length === 0 ? 'ALL' : parts.join('; ');
}

function destination(chain: unknown): readonly string[] {
  const port = isSet(chain, 'filter_chain_match', 'destination_port')
    ? `:${number(chain, 'filter_chain_match', 'destination_port')}`
    : '';
  const ranges = list(chain, 'filter_chain_match', 'prefix_ranges').map(
    (range) => `${text(range, 'address_prefix')}/${number(range, 'prefix_len')}`,
  );
  if (ranges.length > 0) return [`Addr: ${ranges.join(',')}${port}`];
  return port === '' ? [] : [`Addr: *${port}`];
}
