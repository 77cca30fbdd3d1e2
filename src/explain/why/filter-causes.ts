import { field, fields, isTrue, seconds } from '../../evaluate/proxies/envoy/proto-json.ts';
import { fractionProbability, readFraction } from '../../evaluate/proxies/envoy/runtime.ts';
import { percentText } from '../../model/wording.ts';
import type { Cause, Finding } from './cause.ts';
import { routeText, type HttpFilterPlace, type ProxyView } from './proxy-view.ts';

const HTTP = 'envoy.extensions.filters.http.';

function filtersOf(view: ProxyView, ...types: readonly string[]): readonly HttpFilterPlace[] {
  return view.httpFilters.filter(({ type }) => types.some((one) => type.startsWith(`${HTTP}${one}.`)));
}

function faults(view: ProxyView, kind: 'delay' | 'abort'): Finding[] {
  return filtersOf(view, 'fault').flatMap(({ where, config }) => {
    const fault = field(config, kind);
    if (!fault.exists) return [];
    const share = fractionProbability(readFraction(field(fault, 'percentage')));
    const byHeader = field(fault, `header_${kind}`).exists;
    if (share === 0 && !byHeader) return [];
    const what =
      kind === 'delay'
        ? (field(fault, 'fixed_delay').string() ?? 'by header')
        : (field(fault, 'http_status').number() ?? 'by header');
    const text = `the fault of ${where} ${kind === 'delay' ? 'delays' : 'aborts'} ${percentText(share)} of requests (${what})`;
    return [{ text, cites: [fault], certain: share === 1 && !byHeader && !field(config, 'headers').exists }];
  });
}

function plainFilters(view: ProxyView, what: string, ...types: readonly string[]): Finding[] {
  return filtersOf(view, ...types).map(({ where, name, config }) => ({
    text: `${where} has the ${what} ${name}`,
    cites: [config.at('@type'), field(config, 'stat_prefix')],
    certain: false,
  }));
}

/** Causes that lie with filters, with limits of time, and with the other end. */
export const FILTER_CAUSES: readonly Cause[] = [
  {
    id: 'fault-abort',
    flags: ['FI'],
    title: 'A fault answers requests.',
    remedy: 'Remove the fault from the VirtualService.',
    details: /fault_filter_abort/,
    decided: true,
    look: (view) => faults(view, 'abort'),
  },
  {
    id: 'fault-delay',
    flags: ['DI'],
    title: 'A fault delays requests.',
    remedy: 'Remove the fault from the VirtualService.',
    details: null,
    decided: true,
    look: (view) => faults(view, 'delay'),
  },
  {
    id: 'local-rate-limit',
    flags: ['RL'],
    title: 'A local rate limit has no token left.',
    remedy: 'Raise the token bucket, or send fewer requests.',
    details: /local_rate_limited|request_rate_limited/,
    decided: true,
    look: (view) =>
      filtersOf(view, 'local_ratelimit').flatMap(({ where, config }) => {
        const bucket = field(config, 'token_bucket');
        if (!bucket.exists) return [];
        const tokens = field(bucket, 'max_tokens').number() ?? 0;
        const text = `the local rate limit of ${where} has ${tokens} tokens every ${field(bucket, 'fill_interval').string() ?? '?'}`;
        return [{ text, cites: [bucket], certain: tokens === 0 }];
      }),
  },
  {
    id: 'rate-limit',
    flags: ['RL'],
    title: 'A rate limit service refuses requests.',
    remedy: 'See what the service counts for the descriptors of the route.',
    details: /request_rate_limited/,
    decided: true,
    look: (view) => plainFilters(view, 'rate limit filter', 'ratelimit'),
  },
  {
    id: 'rate-limit-service',
    flags: ['RLSE'],
    title: 'The rate limit service does not answer, and its filter refuses requests then (failure_mode_deny).',
    remedy: 'Bring up the service, or take back failure_mode_deny.',
    details: /rate_limiter_error/,
    decided: true,
    look: (view) =>
      filtersOf(view, 'ratelimit')
        .filter(({ config }) => isTrue(config, 'failure_mode_deny'))
        .map(({ where, config }) => ({
          text: `the rate limit filter of ${where} refuses requests when its service fails`,
          cites: [field(config, 'failure_mode_deny')],
          certain: false,
        })),
  },
  {
    id: 'ext-authz',
    flags: ['UAEX'],
    title: 'An external authorization service says no, or fails.',
    remedy: 'Ask the service why; where its cluster has no hosts, bring it up or allow requests when it fails.',
    details: /ext_authz_(denied|error)/,
    decided: true,
    look: (view) => plainFilters(view, 'external authorization filter', 'ext_authz'),
  },
  {
    id: 'filter-config-missing',
    flags: ['NFCF'],
    title: 'ECDS has not delivered the configuration of a filter.',
    remedy: 'See whether the control plane has the EnvoyFilter or WasmPlugin, and whether the proxy rejected it.',
    details: /filter_config/,
    decided: true,
    look: (view) =>
      view.chains.flatMap(({ listener, filters }) => {
        const http = filters.flatMap(({ config }) => field(config, 'http_filters').items());
        return [...filters.map(({ entry }) => entry), ...http].flatMap((entry): Finding[] => {
          const name = field(entry, 'name').string() ?? '';
          if (!field(entry, 'config_discovery').exists || view.config.extension(name)?.state === 'active') return [];
          return [{ text: `listener ${listener.name} waits for the filter ${name}`, cites: [entry], certain: true }];
        });
      }),
  },
  {
    id: 'health-check-filter',
    flags: ['LH'],
    title: 'The proxy answers health checks itself, and has been told to fail them.',
    remedy: 'Post to /healthcheck/ok on its admin port, or stop sending it traffic.',
    details: /health_check/,
    decided: true,
    look: (view) => plainFilters(view, 'health check filter', 'health_check'),
  },
  {
    id: 'cache-filter',
    flags: ['RFCF'],
    title: 'A cache of the proxy answers requests.',
    remedy: 'Nothing is wrong; the answer was cached.',
    details: null,
    decided: true,
    look: (view) => plainFilters(view, 'cache filter', 'cache', 'cache_v2'),
  },
  {
    id: 'overload-manager',
    flags: ['OM'],
    title: 'The overload manager refuses requests when the proxy runs out of something.',
    remedy: 'Give the proxy more memory or connections, or find out who uses them.',
    details: /overload/,
    decided: true,
    look: ({ config }) => {
      const manager = field(config.bootstrap, 'overload_manager');
      return manager.exists
        ? [{ text: 'the bootstrap has an overload manager', cites: [manager], certain: false }]
        : [];
    },
  },
  {
    id: 'route-timeout',
    flags: ['UT'],
    title: 'A route gives the upstream less time than it takes.',
    remedy: 'Raise the timeout of the VirtualService (or perTryTimeout), or find out why the application is slow.',
    details: /response_timeout|per_try_timeout/,
    decided: false,
    look: (view) =>
      view.routes.flatMap((place) => {
        const action = field(place.route, 'route');
        const limits = [field(action, 'timeout'), fields(action, 'retry_policy', 'per_try_timeout')];
        // Without a timeout Envoy gives 15 s; "0s" is no limit.
        const set = limits.filter((limit) => (seconds(limit) ?? 0) > 0);
        if (!action.exists || (set.length === 0 && limits[0]?.exists === true)) return [];
        const text =
          set.length === 0
            ? `${routeText(place)} has Envoy's timeout of 15s`
            : `${routeText(place)} gives ${set.map((limit) => limit.string()).join(', and for each try ')}`;
        return [{ text, cites: set.length === 0 ? [action] : set, certain: false }];
      }),
  },
  {
    id: 'retries-used-up',
    flags: ['URX'],
    title: 'A route tries again, and every attempt failed.',
    remedy: 'Look for the cause of the first failure: the flag beside this one names it.',
    details: null,
    decided: true,
    look: (view) => [
      ...view.routes.flatMap((place) => {
        const policy = fields(place.route, 'route', 'retry_policy');
        const on = field(policy, 'retry_on').string();
        if (on === undefined) return [];
        const text = `${routeText(place)} tries ${field(policy, 'num_retries').number() ?? 1} times again on ${on}`;
        return [{ text, cites: [policy], certain: false }];
      }),
      ...view.chains.flatMap(({ listener, filters }) =>
        filters
          .filter(({ type }) => type.endsWith('.TcpProxy'))
          .map(({ config }) => {
            const attempts = field(config, 'max_connect_attempts').number() ?? 1;
            const text = `the TCP proxy of listener ${listener.name} tries ${attempts} times to connect`;
            return { text, cites: [field(config, 'stat_prefix')], certain: false };
          }),
      ),
    ],
  },
  {
    id: 'client-closes',
    flags: ['DC', 'DR'],
    title: 'The client gave up or went away before the answer came.',
    remedy: 'Compare the time that the client waits with that of the request (DURATION in the access log).',
    details: /downstream_remote_disconnect|downstream_(remote_)?reset/,
    decided: false,
    look: () => [],
  },
  {
    id: 'local-reset',
    flags: ['LR'],
    title: 'The proxy reset the stream by itself, mostly because the other side broke the protocol or a limit.',
    remedy: 'Look at the details beside the flag, and at the log of the proxy.',
    details: null,
    decided: false,
    look: () => [],
  },
  {
    id: 'stream-idle',
    flags: ['SI'],
    title: 'A stream is closed when nothing is sent on it for the idle timeout (5 minutes unless set).',
    remedy: 'Send something more often, or raise stream_idle_timeout or the idle timeout of the route.',
    details: /stream_idle_timeout/,
    decided: false,
    look: (view) => timed(view, 'stream_idle_timeout', 'closes streams that are idle for'),
  },
  {
    id: 'stream-duration',
    flags: ['UMSDR'],
    title: 'A stream may last no longer than a limit.',
    remedy: 'Raise max_stream_duration of the route or listener.',
    details: /max_duration_timeout/,
    decided: true,
    look: (view) => [
      ...view.routes.flatMap((place) => {
        const limit = fields(place.route, 'route', 'max_stream_duration', 'max_stream_duration');
        return limit.exists
          ? [{ text: `${routeText(place)} allows ${limit.string()}`, cites: [limit], certain: false }]
          : [];
      }),
      ...view.managers.flatMap(({ listener, config }) => {
        const limit = fields(config, 'common_http_protocol_options', 'max_stream_duration');
        return limit.exists
          ? [{ text: `listener ${listener.name} allows ${limit.string()}`, cites: [limit], certain: false }]
          : [];
      }),
    ],
  },
  {
    id: 'connection-duration',
    flags: ['DT'],
    title: 'A connection may last no longer than a limit.',
    remedy: 'Raise the limit of the listener.',
    details: /duration_timeout/,
    decided: true,
    look: (view) =>
      view.chains.flatMap(({ listener, filters }) =>
        filters.flatMap(({ config }) => {
          const limits = [
            field(config, 'max_downstream_connection_duration'),
            fields(config, 'common_http_protocol_options', 'max_connection_duration'),
          ];
          return limits
            .filter((limit) => limit.exists)
            .map((limit) => ({
              text: `listener ${listener.name} allows ${limit.string()}`,
              cites: [limit],
              certain: false,
            }));
        }),
      ),
  },
];

function timed(view: ProxyView, name: string, text: string): Finding[] {
  return view.managers.flatMap(({ listener, config }) => {
    const limit = field(config, name);
    return (seconds(limit) ?? 0) > 0
      ? [{ text: `listener ${listener.name} ${text} ${limit.string()}`, cites: [limit], certain: false }]
      : [];
  });
}
