/**
 * What else is asked of proxies than tables of one kind of resource: apart from src/proxy-config.ts, whose answers need a small part of what
 * these do.
 */
export { readHeaders } from './explain/envoy-request/request-line.ts';
export { readSelection } from './explain/proxy-config/selection.ts';
export { isIstioctls } from './proxy-config/present.ts';
export { askProxies } from './proxy-config/ask-proxies.ts';
export { showDiff } from './proxy-config/diff.ts';
export { showLoggers } from './proxy-config/loggers.ts';
export { compareRoots, showAuthorization } from './proxy-config/mesh.ts';
export { showAll } from './proxy-config/show-all.ts';
export { readChainFilter, showChains, showRouteMatch } from './proxy-config/ways.ts';
