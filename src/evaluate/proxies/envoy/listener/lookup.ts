import { familyOf, formatEndpoint } from '../../../../model/address.ts';
import type { EnvoyConfigDump, EnvoyConnection, EnvoyFacts } from '../../../../model/envoy.ts';
import { enumName, field, fields } from '../proto-json.ts';
import { step } from '../walk.ts';
import type { EnvoyStep } from '../../../../model/envoy.ts';
import { configReference } from '../istio-reference.ts';
import { readListener } from './listener-table.ts';
import type { Listener, ListenerTable } from './listener-table.ts';

/**
 * The listener whose socket takes a connection: the kernel prefers a socket that is bound to the very address, then one bound to
 * 0.0.0.0 or ::, and a socket on :: takes IPv4 when it was made for both families. undefined: nothing listens there.
 */
export function socketOwner(table: ListenerTable, address: string, port: number): Listener | undefined {
  const family = familyOf(address);
  const bound = table.byPort.get(port) ?? [];
  const owner = (accepts: (own: Listener['addresses'][number]) => boolean): Listener | undefined =>
    bound.find((listener) => listener.addresses.some((own) => own.port === port && accepts(own)));
  return (
    owner((own) => own.address === address || (own.dual && own.address === `::ffff:${address}`)) ??
    owner((own) => own.address === (family === 6 ? '::' : '0.0.0.0')) ??
    (family === 4 ? owner((own) => own.address === '::' && own.dual) : undefined)
  );
}

/**
 * The listener that a connection restored to its original destination is handed to: the one for that very address and port, else
 * the wildcard one of its family and port (ConnectionHandlerImpl::getBalancedHandlerByAddress).
 */
export function handOverTarget(table: ListenerTable, address: string, port: number): Listener | undefined {
  const wildcard = familyOf(address) === 6 ? '::' : '0.0.0.0';
  return table.byAddress.get(formatEndpoint(address, port)) ?? table.byAddress.get(formatEndpoint(wildcard, port));
}

/** The step that says which listener it is and why. */
export function listenerStep(listener: Listener, action: string, reason: () => string): EnvoyStep {
  return step('listener', action, listener.name, () => {
    const { rejected } = listener.resource;
    const details = rejected === null ? undefined : field(rejected, 'details');
    const origin = configReference(field(listener.config, 'metadata'));
    return {
      reasons: [
        reason(),
        ...(details?.string() === undefined ? [] : [`its last update was rejected: ${details.string()}`]),
      ],
      objects: origin === undefined ? [] : [origin.reference],
      cites: [
        ...listener.addresses.slice(0, 1).map((own) => own.cursor),
        ...(action === 'handed-over' ? [] : [field(listener.config, 'use_original_dst')]),
        ...(details === undefined ? [] : [details]),
        ...(origin === undefined ? [] : [origin.cursor]),
      ],
    };
  });
}

/** Clauses about listeners that would own the address but do not run: warming, draining, or refused. */
export function idleListeners(facts: EnvoyFacts, config: EnvoyConfigDump, connection: EnvoyConnection): EnvoyStep[] {
  return config
    .listeners()
    .filter((resource) => resource.state !== 'active')
    .flatMap((resource) => readListener(facts, resource))
    .filter((listener) => listener.addresses.some((own) => own.port === connection.localPort))
    .map((listener) => listenerStep(listener, 'skipped', () => `it is ${listener.resource.state}`));
}

/** Whether a UDP listener stands at the port; its connections are not evaluated. */
export function hasUdpListener(config: EnvoyConfigDump, port: number): boolean {
  return config.listeners().some((resource) => {
    const socket = fields(resource.config, 'address', 'socket_address');
    return (
      enumName(field(socket, 'protocol'), ['TCP', 'UDP']) === 'UDP' && field(socket, 'port_value').number() === port
    );
  });
}
