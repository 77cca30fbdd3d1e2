import type { HookEntry, HookWay, NetfilterEnvironment } from '../../model/netfilter.ts';
import { append } from './list.ts';
import { change, type WalkState } from './state.ts';

/** A way that a module's function gives, and the packet after it. */
export interface AskedWay {
  readonly way: HookWay;
  readonly state: WalkState;
}

/** Asks a module's function what it does to the packet. */
export function askModule(entry: HookEntry, state: WalkState, environment: NetfilterEnvironment): readonly AskedWay[] {
  const { flow, route, handled } = state;
  const madeHere = state.inDevice === null && state.resent === undefined;
  return entry.ask({ flow, route, handled, madeHere }, environment).map((way) => ({
    way,
    state: after(state, way),
  }));
}

function after(state: WalkState, way: HookWay): WalkState {
  const matched = way.matched.map((one) => ({ ...one, hook: state.hook, base: 'ipvs' }));
  const met = change(state, {
    probability: state.probability * way.probability,
    conditions: way.conditions.reduce(append, state.conditions),
    rules: matched.reduce(append, state.rules),
  });
  switch (way.kind) {
    case 'change':
      return change(met, { flow: way.flow, handled: true, ...(way.route === undefined ? {} : { route: way.route }) });
    case 'send':
      return change(met, {
        flow: way.flow,
        route: way.route,
        handled: true,
        hook: 'output',
        stage: 0,
        inDevice: null,
        outDevice: way.route.device ?? undefined,
        resent: { inDevice: state.inDevice },
        encapsulation: way.encapsulation,
      });
    default:
      return met;
  }
}
