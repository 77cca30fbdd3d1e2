// Builds dist/: the bundles of the framework and of all commands, the launcher that loads them through a code cache, and the completion program.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** @type {import('esbuild').BuildOptions} */
const common = {
  // The code cache's loader knows no import(); require does the same where everything is CommonJS.
  supported: { 'dynamic-import': false },
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  // oclif looks for it when it runs from sources; bundled it would be ten times the size of the rest.
  external: ['typescript'],
  logLevel: 'warning',
};

/** Commands about the program itself, which need nothing but the framework. */
const OWN = ['help', 'version'];

/** The command's name by its file: `proxy-config:route` of proxy-config/route.ts. */
const names = readdirSync(join(root, 'commands'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3).replaceAll(/[/\\]/g, ':'))
  .toSorted();
const others = names.filter((name) => !OWN.includes(name));

/**
 * How each of these commands is loaded when it is asked for.
 * @param {readonly string[]} commands
 */
function loaders(commands) {
  const lines = commands.map((name) => {
    const file = `./commands/${name.replaceAll(':', '/')}.ts`;
    return `'${name}': async () => (await import('${file}')).default,`;
  });
  return `{ ${lines.join('\n')} }`;
}

/**
 * What every start loads: oclif, what all commands share, and the commands of OWN. The others' loaders are given to it.
 * @param {readonly string[]} modules paths of those that the other commands need of it
 */
function frameworkEntry(modules) {
  const handed = modules.map((module) => `get '${module}'() { return require('./${module}'); },`);
  return `
    import { describeCommands } from './src/cli/catalogue.ts';
    import { loadAll, run } from './src/cli/run.ts';
    const own = ${loaders(OWN)};
    const loaders = (others) =>
      ({ ...own, ...Object.fromEntries(${JSON.stringify(others)}.map((name) => [name, () => others()[name]()])) });
    export const main = (argv, catalogue, others) => run(argv, loaders(others), catalogue);
    export const catalogue = async (others) => describeCommands(await loadAll(loaders(others)));
    export const modules = { ${handed.join('\n')} };`;
}

/**
 * The licences of what the bundle contains, as those licences ask.
 * @param {readonly string[]} inputs paths of the bundled files
 */
function notices(inputs) {
  const folders = inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.slice(0, 1) ?? []);
  const texts = [...new Set(folders)].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file));
    const contents = files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim());
    return [`${name} ${version} (${license})`, ...contents].join('\n\n');
  });
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** The part that only a live cluster needs: a bundle of its own, loaded when it is used. @type {import('esbuild').Plugin} */
const liveApart = {
  name: 'live-apart',
  setup: (builder) => {
    builder.onResolve({ filter: /\/live\/live\.ts$/ }, () => ({ path: './live.cjs', external: true }));
  },
};

/**
 * Decides on each module that esbuild has found.
 * @param {import('esbuild').PluginBuild} builder
 * @param {(found: import('esbuild').ResolveResult) => import('esbuild').OnResolveResult | undefined} decide
 */
function onFound(builder, decide) {
  builder.onResolve({ filter: /./ }, async ({ path, pluginData, ...from }) =>
    pluginData === 'resolving' ? undefined : decide(await builder.resolve(path, { ...from, pluginData: 'resolving' })),
  );
}

/** client-node does not say that its modules do nothing when they are loaded; without that all its models would be bundled. */
/** @type {import('esbuild').Plugin} */
const clientNodeByParts = {
  name: 'client-node-by-parts',
  setup: (builder) => {
    onFound(builder, (found) => {
      if (!/node_modules[\\/]@kubernetes[\\/]client-node[\\/]/.test(found.path)) return undefined;
      return { ...found, sideEffects: false };
    });
  },
};

/** @type {import('esbuild').BuildOptions} */
const bundled = {
  ...common,
  metafile: true,
  // Half of what Node would read at every start; names and short lines keep a stack trace legible.
  minifyWhitespace: true,
  lineLimit: 160,
};

/**
 * Takes from the framework's bundle what that one holds, so that there is one of each class.
 * @param {ReadonlySet<string>} held paths of code that the framework's bundle holds
 * @param {Set<string>} taken gets those that are taken
 * @returns {import('esbuild').Plugin}
 */
const fromFramework = (held, taken) => ({
  name: 'from-framework',
  setup: (builder) => {
    onFound(builder, (found) => {
      const file = relative(root, found.path).replaceAll('\\', '/');
      if (!held.has(file)) return undefined;
      taken.add(file);
      return { path: file, namespace: 'framework' };
    });
    builder.onLoad({ filter: /./, namespace: 'framework' }, ({ path }) => ({
      contents: `module.exports = require('./framework.cjs').modules['${path}'];`,
    }));
    builder.onResolve({ filter: /^\.\/framework\.cjs$/ }, ({ path }) => ({ path, external: true }));
  },
});

/**
 * @param {string} name of a file of dist/
 * @param {string} contents what it is made of
 * @param {import('esbuild').BuildOptions} options
 * @returns {Promise<{ readonly inputs: readonly string[], readonly hash: string }>} paths of the code that it holds, and a hash of it
 */
async function buildBundle(name, contents, options = {}) {
  const stdin = /** @type {const} */ ({ contents, resolveDir: root, loader: 'ts' });
  const outfile = join(dist, name);
  const { metafile } = await build({ ...bundled, stdin, outfile, ...options });
  // esbuild escapes what is not ASCII everywhere but in regular expressions. Pure ASCII is read byte by byte at every start.
  const code = readFileSync(outfile, 'utf8').replace(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  writeFileSync(outfile, code);
  const [output] = Object.values(metafile?.outputs ?? {});
  const inputs = Object.entries(output?.inputs ?? {}).flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? [path] : [],
  );
  return { inputs, hash: createHash('sha256').update(code).digest('hex').slice(0, 16) };
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

// What the framework holds is known once it is built, what the commands need of it once they are.
const { inputs: held } = await buildBundle('framework.cjs', frameworkEntry([]));
/** @type {Set<string>} */
const taken = new Set();
const shared = held.filter((path) => /\.[cm]?[jt]s$/.test(path));
const commands = await buildBundle('commands.cjs', `export const loaders = ${loaders(others)};`, {
  plugins: [liveApart, fromFramework(new Set(shared), taken)],
});
const framework = await buildBundle('framework.cjs', frameworkEntry([...taken].toSorted()));
const live = await build({
  ...bundled,
  entryPoints: [join(root, 'src/collect/live/live.ts')],
  outfile: join(dist, 'live.cjs'),
  plugins: [clientNodeByParts],
});
const inputs = [...framework.inputs, ...commands.inputs, ...Object.keys(live.metafile?.inputs ?? {})];
writeFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), notices(inputs));

const load = createRequire(join(dist, 'any.cjs'));
/** @type {import('../src/cli/catalogue.ts').Catalogue} */
const catalogue = await load('./framework.cjs').catalogue(() => load('./commands.cjs').loaders);
writeFileSync(join(dist, 'catalogue.json'), JSON.stringify(catalogue));
const words = catalogue.flatMap(({ name, aliases }) => [name, ...aliases].map((each) => each.split(' ')[0]));
const programs = {
  'kubectl-reach': {
    entry: 'kubectl-reach.ts',
    define: { FRAMEWORK_HASH: framework.hash, COMMANDS_HASH: commands.hash, COMMAND_WORDS: [...new Set(words)] },
  },
  'kubectl_complete-reach': { entry: 'kubectl-complete.ts', define: { CATALOGUE: catalogue } },
};
for (const [name, { entry, define }] of Object.entries(programs)) {
  const outfile = join(dist, `${name}.cjs`);
  const constants = Object.fromEntries(Object.entries(define).map(([key, value]) => [key, JSON.stringify(value)]));
  await build({ ...common, entryPoints: [join(root, 'src/launch', entry)], define: constants, outfile });
  chmodSync(outfile, 0o755);
}
