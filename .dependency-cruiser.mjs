// The import matrix of the design as rules. Each says why, and what to do instead; test/meta/boundaries.test.ts plants a
// violation of each.

const MODEL = '^src/model/';
/** What commands call: the files directly in src. */
const ENTRY = '^src/(?!workspace\\.)[^/]+\\.ts$';
/** @param {string} names a regular expression of package names */
const packages = (names) => `(^|/)node_modules/(${names})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      comment:
        'Files that need each other cannot be read or tested apart. Move what both need into a third file, usually a type into src/model.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'model-imports-nothing',
      comment:
        'Everything may import the model, so it must stand on nothing: types and their small constructors. Put behaviour into the room that owns it.',
      severity: 'error',
      from: { path: MODEL },
      to: { pathNot: [MODEL, packages('ipaddr\\.js')] },
    },
    {
      name: 'no-io-in-pure-rooms',
      comment:
        'Only collect touches files and the network (cli and launch their own process), so that live and replayed answers are the same. Let collect read it and pass an Artefact on.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(collect|cli|launch)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'parse-imports-model-only',
      comment:
        'A parser turns the text of one format into facts. It may use its own folder and the shared byte index; what two formats share beyond that belongs in the model.',
      severity: 'error',
      from: { path: '^src/parse/([^/]+)' },
      to: { pathNot: [MODEL, '^src/parse/$1/', '^src/parse/$1$', '^src/parse/json-index'] },
    },
    {
      name: 'redact-imports-model-only',
      comment:
        'Redaction is a function of the bytes of one artefact: who audits what leaves a cluster reads this room alone. Pass it what it needs, such as the keyed hash.',
      severity: 'error',
      from: { path: '^src/redact/' },
      to: { pathNot: [MODEL, '^src/redact/', '^src/parse/json-index/'] },
    },
    {
      name: 'evaluate-is-pure',
      comment:
        'Evaluation is a function of facts and a flow or request. It may import the model, ipaddr.js and re2js; sentences belong in explain, findings in check, reading in collect and parse.',
      severity: 'error',
      from: { path: '^src/evaluate/' },
      to: { pathNot: [MODEL, '^src/evaluate/', packages('ipaddr\\.js|re2js')] },
    },
    {
      name: 'dataplanes-are-strangers',
      comment:
        'A dataplane must be understood, changed and removed without another. Let the walk in src/explain/walk bring them together.',
      severity: 'error',
      from: { path: '^src/evaluate/(proxies/[^/]+|[^/]+)/' },
      to: { path: '^src/evaluate/', pathNot: '^src/evaluate/$1/' },
    },
    {
      name: 'collect-imports-model-only',
      comment:
        'collect fetches bytes and does not interpret them. Let src/workspace hand its artefacts to the parsers.',
      severity: 'error',
      from: { path: '^src/collect/' },
      to: { path: '^(src|commands)/', pathNot: [MODEL, '^src/collect/'] },
    },
    {
      name: 'check-imports-model-only',
      comment: 'A check reads facts and traces, whose types are in the model. Pass it what it needs.',
      severity: 'error',
      from: { path: '^src/check/' },
      to: { pathNot: [MODEL, '^src/check/'] },
    },
    {
      name: 'explain-imports-evaluation-only',
      comment:
        'explain turns outcomes into a format-neutral Explanation: it knows no terminal, framework or file. Layout belongs in render, reading in collect and parse.',
      severity: 'error',
      from: { path: '^src/explain/' },
      to: {
        pathNot: [MODEL, '^src/(evaluate|check|explain)/', packages('fastest-levenshtein|ipaddr\\.js|re2js')],
      },
    },
    {
      name: 'render-imports-model-only',
      comment:
        'render lays an Explanation out as text and computes nothing. A missing fact goes into the Explanation, which explain fills.',
      severity: 'error',
      from: { path: '^src/render/' },
      to: {
        pathNot: [MODEL, '^src/(explain|render)/', packages('chalk|cli-table3|js-yaml')],
      },
    },
    {
      name: 'render-takes-only-types-of-explain',
      comment: 'Calling explain from a renderer would compute while printing. Import its types with `import type`.',
      severity: 'error',
      from: { path: '^src/render/' },
      to: { path: '^src/explain/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'terminal-libraries-only-in-render',
      comment: 'Colour and tables are decided in one room. Return data, and let a renderer in src/render print it.',
      severity: 'error',
      from: { path: '^(src|commands)/', pathNot: '^src/render/' },
      to: { path: packages('chalk|cli-table3') },
    },
    {
      name: 'oclif-only-in-cli-and-commands',
      comment: 'The framework is the outermost layer; src works without it. Take plain values instead of flags.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: packages('@oclif/[^/]+') },
    },
    {
      name: 'oclif-by-its-parts',
      comment:
        'The index of @oclif/core evaluates all of it at every start (a fifth of the start-up time). Import @oclif/core/command, /flags, /args, /config, /help or /errors.',
      severity: 'error',
      from: { path: '^(src|commands)/' },
      to: { path: packages('@oclif/core/lib/index\\.js').replace(/\/$/, '$') },
    },
    {
      name: 'cli-knows-no-dataplane',
      comment: 'The ground of the commands serves all of them alike. Reach facts and answers through src/index.ts.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/(collect|parse|evaluate|check)/' },
    },
    {
      name: 'launcher-stays-small',
      comment:
        '`--version` and completion answer before anything else loads. What they need is a file of src/cli without imports of its own.',
      severity: 'error',
      from: { path: '^src/launch/' },
      to: {
        path: ['^src/', '(^|/)node_modules/'],
        pathNot: ['^src/launch/', '^src/cli/(version|catalogue|command-line)\\.ts$'],
      },
    },
    {
      name: 'index-and-workspace-know-no-cli',
      comment:
        'src/index.ts and the files beside it are what commands call; they must not call back. Pass what they need as an argument.',
      severity: 'error',
      from: { path: [ENTRY, '^src/(workspace|redact|proxy-config|machine-files)/'] },
      to: { path: '^src/(cli|launch)/' },
    },
    {
      name: 'src-never-imports-commands',
      comment: 'Commands are the leaves. Move what src needs of a command into src.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^commands/' },
    },
    {
      name: 'commands-import-cli-and-index-only',
      comment:
        'A command parses flags and prints an answer. Its logic belongs behind src/index.ts or a file beside it.',
      severity: 'error',
      from: { path: '^commands/' },
      to: { pathNot: ['^src/cli/', ENTRY, packages('@oclif/[^/]+')] },
    },
    {
      name: 'commands-load-the-core-when-they-run',
      comment:
        'Help, completion and errors in the flags must not pay for the evaluation. Use `await import()` in run(); types may be imported.',
      severity: 'error',
      from: { path: '^commands/' },
      to: {
        path: ENTRY,
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nobody-imports-test',
      comment: 'What ships must not depend on how it is tested. Move shared code into src.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    // Types count: a room that knows another room's types depends on it.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
