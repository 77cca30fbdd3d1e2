import type { Host } from './host-set.ts';

/** How hosts of a priority are counted. */
export interface PriorityOptions {
  /** Percent, 140 unless set; priorities of different clusters have their own. */
  readonly overprovisioningFactor: number | ((priority: number) => number);
  /** Percent of healthy hosts below which health is ignored; 0: never. */
  readonly panicThreshold: number;
  readonly weightedPriorityHealth: boolean;
}

/** A share of the load, and the hosts that it goes to before localities are looked at. */
export interface PriorityShare {
  readonly priority: number;
  /** `all`: panic, health is ignored. */
  readonly availability: 'healthy' | 'degraded' | 'all';
  /** Which hosts the share is for where the priority does not panic. */
  readonly meant: 'healthy' | 'degraded';
  /** Percent, a whole number; the shares add up to 100. */
  readonly percent: number;
}

interface PriorityState {
  readonly hosts: readonly Host[];
  readonly healthy: number;
  readonly degraded: number;
  readonly panics: boolean;
}

/**
 * Shares the load among priorities (LoadBalancerBase::recalculatePerPriorityState, recalculatePerPriorityPanic and
 * recalculateLoadInTotalPanic, source/extensions/load_balancing_policies/common/load_balancer_impl.cc). Integer arithmetic as there.
 */
export function sharePriorities(hosts: readonly Host[], options: PriorityOptions): PriorityShare[] {
  if (hosts.every((host) => host.priority === 0 && host.health === 'healthy' && host.excluded === false))
    return [{ priority: 0, availability: 'healthy', meant: 'healthy', percent: 100 }];
  const states = priorityStates(hosts, options);
  const available = availableOf(states);
  const threshold = Math.min(100, options.panicThreshold);
  if (threshold === 0 && available === 0)
    return [{ priority: 0, availability: 'healthy', meant: 'healthy', percent: 100 }];
  const panics = states.map((state) => available !== 100 && state.panics);
  if (panics.every(Boolean)) return shareInTotalPanic(states);
  const healthy = distribute(states, 'healthy', 100, available);
  const degraded = distribute(states, 'degraded', healthy.rest, available);
  // What rounding left goes to the first priority that has any host to offer.
  if (healthy.first !== -1) raise(healthy.loads, healthy.first, degraded.rest);
  else raise(degraded.loads, degraded.first, degraded.rest);
  const shares = (loads: readonly number[], availability: 'healthy' | 'degraded'): PriorityShare[] =>
    loads.map((percent, priority) => ({
      priority,
      availability: panics[priority] ? 'all' : availability,
      meant: availability,
      percent,
    }));
  return [...shares(healthy.loads, 'healthy'), ...shares(degraded.loads, 'degraded')].filter(
    ({ percent }) => percent > 0,
  );
}

/** Whether a priority ignores the health of its hosts. */
export function priorityPanics(hosts: readonly Host[], options: PriorityOptions, priority: number): boolean {
  const states = priorityStates(hosts, options);
  return availableOf(states) !== 100 && states[priority]?.panics === true;
}

function priorityStates(hosts: readonly Host[], options: PriorityOptions): PriorityState[] {
  const count = hosts.reduce((highest, host) => Math.max(highest, host.priority + 1), 1);
  return Array.from({ length: Math.min(count, 128) }, (_, priority) =>
    priorityState(
      hosts.filter((host) => host.priority === priority),
      options,
      priority,
    ),
  );
}

function availableOf(states: readonly PriorityState[]): number {
  return Math.min(
    100,
    states.reduce((total, state) => total + state.healthy + state.degraded, 0),
  );
}

function priorityState(hosts: readonly Host[], options: PriorityOptions, priority: number): PriorityState {
  const { overprovisioningFactor: given } = options;
  const factor = typeof given === 'number' ? given : given(priority);
  const counted = hosts.filter((host) => host.excluded !== true);
  const measure = (list: readonly Host[]): number =>
    options.weightedPriorityHealth ? list.reduce((sum, host) => sum + host.weight, 0) : list.length;
  const healthyHosts = hosts.filter((host) => host.health === 'healthy');
  const degradedHosts = hosts.filter((host) => host.health === 'degraded');
  const total = measure(counted);
  const availability = (list: readonly Host[]): number =>
    counted.length === 0 ? 0 : Math.min(100, Math.floor((factor * measure(list)) / total));
  const percent =
    counted.length === 0
      ? 0
      : (100 * healthyHosts.length) / counted.length + (100 * degradedHosts.length) / counted.length;
  return {
    hosts,
    healthy: availability(healthyHosts),
    degraded: availability(degradedHosts),
    panics: percent < Math.min(100, options.panicThreshold),
  };
}

function distribute(
  states: readonly PriorityState[],
  key: 'healthy' | 'degraded',
  load: number,
  available: number,
): { loads: number[]; rest: number; first: number } {
  let rest = load;
  const loads = states.map((state) => {
    const part = Math.min(rest, Math.floor((state[key] * 100) / available));
    rest -= part;
    return part;
  });
  return { loads, rest, first: states.findIndex((state) => state[key] > 0) };
}

function raise(loads: number[], index: number, by: number): void {
  if (index >= 0) loads[index] = (loads[index] ?? 0) + by;
}

/** All priorities panic: the load follows the number of hosts, healthy or not. */
function shareInTotalPanic(states: readonly PriorityState[]): PriorityShare[] {
  const total = states.reduce((sum, state) => sum + state.hosts.length, 0);
  if (total === 0) return [{ priority: 0, availability: 'all', meant: 'healthy', percent: 100 }];
  const loads = states.map((state) => Math.floor((100 * state.hosts.length) / total));
  const first = states.findIndex((state) => state.hosts.length > 0);
  raise(loads, first, 100 - loads.reduce((sum, load) => sum + load, 0));
  return loads
    .map((percent, priority): PriorityShare => ({ priority, availability: 'all', meant: 'healthy', percent }))
    .filter(({ percent }) => percent > 0);
}
