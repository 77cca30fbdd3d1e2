import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that a function runs before V8 optimises it; its own default is an eighth of that. */
const INTERRUPT_BUDGET = 540_672;

/** Later versions of V8 have no such option, and say so to whoever runs the command. */
const LAST_V8 = 11;

/** Tables of routes are made by many functions too: an eighth of the whole for one route of a large mesh. */
const PROXY_CONFIG: ReadonlySet<string> = new Set(['proxy-config', 'pc']);
const ROUTES: ReadonlySet<string> = new Set(['route', 'routes', 'r']);

/**
 * Has V8 wait longer before it optimises a function. Where thousands of functions run a few thousand times each, as when requests to all
 * clusters of a proxy are followed, optimising them costs more than it saves: a quarter of the whole in `npm run bench`. Loops over the bytes
 * of a file lose by it. Does nothing for other commands.
 */
export function optimiseLate(argv: readonly string[]): void {
  const [word = ''] = argv;
  const ofRoutes = PROXY_CONFIG.has(word) && argv.some((one) => ROUTES.has(one));
  if ((word !== 'envoy-request' && !ofRoutes) || Number.parseInt(process.versions.v8, 10) > LAST_V8) return;
  setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
}
