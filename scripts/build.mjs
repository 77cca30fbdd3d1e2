// Builds dist/: the bundle of all commands, the launcher that loads it through a code cache, and the completion program.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** @type {import('esbuild').BuildOptions} */
const shared = {
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

/** One line for each file of commands/: the file's path is the command's name. */
function commandsEntry() {
  const files = readdirSync(join(root, 'commands'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .toSorted();
  const imports = files.map((file, index) => `import c${index} from './commands/${file}';`);
  const entries = files.map((file, index) => `'${file.slice(0, -3).replaceAll('/', ':')}': c${index},`);
  return `
    import { describeCommands } from './src/cli/catalogue.ts';
    import { run } from './src/cli/run.ts';
    ${imports.join('\n')}
    const commands = { ${entries.join('\n')} };
    export const main = (argv) => run(argv, commands);
    export const catalogue = () => describeCommands(commands);`;
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

/** client-node does not say that its modules do nothing when they are loaded; without that all its models would be bundled. */
/** @type {import('esbuild').Plugin} */
const clientNodeByParts = {
  name: 'client-node-by-parts',
  setup: (builder) => {
    builder.onResolve({ filter: /./ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === 'resolving') return undefined;
      const found = await builder.resolve(path, { ...from, pluginData: 'resolving' });
      if (!/node_modules[\\/]@kubernetes[\\/]client-node[\\/]/.test(found.path)) return undefined;
      return { ...found, sideEffects: false };
    });
  },
};

/** @type {import('esbuild').BuildOptions} */
const bundled = {
  ...shared,
  metafile: true,
  // Half of what Node would read at every start; names and short lines keep a stack trace legible.
  minifyWhitespace: true,
  lineLimit: 160,
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

const bundle = join(dist, 'commands.cjs');
const commands = await build({
  ...bundled,
  stdin: { contents: commandsEntry(), resolveDir: root, loader: 'ts' },
  outfile: bundle,
  plugins: [liveApart],
  // As require(): the bundle runs as a script of node:vm, where import() is an experiment of Node's that says so.
  supported: { 'dynamic-import': false },
});
const live = await build({
  ...bundled,
  entryPoints: [join(root, 'src/collect/live/live.ts')],
  outfile: join(dist, 'live.cjs'),
  plugins: [clientNodeByParts],
});
const inputs = [commands, live].flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
writeFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), notices(inputs));

// esbuild escapes what is not ASCII everywhere but in regular expressions. Pure ASCII is read byte by byte at every start.
const code = readFileSync(bundle, 'utf8').replace(
  /[^\0-\x7f]/g,
  (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
);
writeFileSync(bundle, code);

const contentHash = createHash('sha256').update(code).digest('hex').slice(0, 16);
/** @type {import('../src/cli/catalogue.ts').Catalogue} */
const catalogue = createRequire(import.meta.url)(bundle).catalogue();
const words = catalogue.flatMap(({ name, aliases }) => [name, ...aliases].map((each) => each.split(' ')[0]));
const programs = {
  'kubectl-reach': {
    entry: 'kubectl-reach.ts',
    define: { BUNDLE_HASH: contentHash, COMMAND_WORDS: [...new Set(words)] },
  },
  'kubectl_complete-reach': { entry: 'kubectl-complete.ts', define: { CATALOGUE: catalogue } },
};
for (const [name, { entry, define }] of Object.entries(programs)) {
  const outfile = join(dist, `${name}.cjs`);
  const constants = Object.fromEntries(Object.entries(define).map(([key, value]) => [key, JSON.stringify(value)]));
  await build({ ...shared, entryPoints: [join(root, 'src/launch', entry)], define: constants, outfile });
  chmodSync(outfile, 0o755);
}
