import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

/** Rooms of the house whose code runs inside a user's stack: jsii-clean, synchronous, silent. */
const CONSTRUCTS = ['core', 'workspace', 'model', 'image', 'sizing', 'webservice', 'edge', 'batch'];
/** Rooms that end up in plain Node.js programs. */
const PROGRAMS = ['scoring', 'profiler', 'client', 'cli'];

/**
 * The arrows: what each room may import of the others, whole rooms or single files.
 * Files that both sides name are plain: they import neither framework nor provider.
 */
const ARROWS = {
  core: [],
  workspace: ['core'],
  model: ['core', 'workspace'],
  image: ['core', 'workspace', 'model'],
  sizing: ['core'],
  webservice: ['core', 'workspace', 'model', 'image', 'sizing'],
  edge: [
    ...['core', 'workspace', 'model', 'image', 'sizing'],
    ...['webservice/auth.ts', 'webservice/container-security.ts', 'webservice/webservice.ts', 'webservice/webservice-props.ts'],
  ],
  batch: ['core', 'workspace', 'model', 'image', 'sizing'],
  scoring: ['core/server-contract.ts'],
  client: ['core/server-contract.ts'],
  profiler: [
    ...['core/fingerprint.ts', 'core/server-contract.ts'],
    ...['sizing/compute-size.ts', 'sizing/cost.ts', 'sizing/price-list.ts', 'sizing/profile-result.ts'],
    ...['scoring/launch.ts', 'scoring/onnx-signature.ts', 'scoring/tensor', 'scoring/wire'],
    ...['scoring/model/model-layout.ts', 'scoring/model/onnx-runtime.ts'],
  ],
  cli: [
    ...['scoring', 'profiler', 'client'],
    ...['core/errors.ts', 'core/file-tree.ts', 'core/fingerprint.ts', 'core/server-contract.ts'],
    ...['model/model-registry.ts', 'model/registry-file.ts'],
    ...['sizing/compute-size.ts', 'sizing/cost.ts', 'sizing/price-list.ts', 'sizing/profile-result.ts'],
  ],
};

const zones = Object.entries(ARROWS).flatMap(([room, allowed]) =>
  Object.keys(ARROWS)
    .filter(other => other !== room && !allowed.includes(other))
    .map(other => ({
      target: `./src/${room}`,
      from: `./src/${other}`,
      except: allowed.filter(entry => entry.startsWith(`${other}/`)).map(entry => entry.replace(other, '.')),
      message: `${room} may not import this of ${other}: the arrows stand in eslint.config.mjs.`,
    })),
);

const WHOLE_PROVIDER = {
  regex: '^@cdkt[fn]/provider-[^/]+(/lib)?(/index(\\.js)?)?$',
  message: 'A whole provider costs seconds and hundreds of MiB in every process: import /lib/<resource>.',
};
const FRAMEWORK_INSIDES = {
  regex: '^cdkt[fn]/lib(/|$)',
  message: "The framework's insides change without notice: import from cdktf.",
};
const FRAMEWORK = { regex: '^(cdktf|cdktn|constructs|@cdkt[fn]/.*)$', message: 'Programs run where no framework is installed.' };
/** What a construct may load: users pay for it in every synth, and jsii packs what is not a peer. */
const OTHER_PACKAGES = {
  regex: `^(?!\\.|cdkt[fn](/|$)|constructs$|@cdkt[fn]/provider-|@balena/dockerignore$|yaml$|(node:)?(${builtinModules.join('|')})$)`,
  message: 'Constructs load the framework, its bindings and Node.js, and nothing else.',
};

/** `import()` and `import('…').Type` escape no-restricted-imports. */
const dynamically = ({ regex, message }) => ({
  selector: `:matches(ImportExpression > Literal[value=/${regex.replaceAll('/', '\\/')}/], TSImportType Literal[value=/${regex.replaceAll('/', '\\/')}/])`,
  message,
});

const typescript = ['src/**/*.ts', 'test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts'];
const within = rooms => rooms.map(room => `src/${room}/**/*.ts`);

export default tseslint.config(
  {
    ignores: readFileSync('.gitignore', 'utf8')
      .split('\n')
      .filter(line => line.endsWith('/'))
      .map(line => (line.startsWith('/') ? line.slice(1) : `**/${line}`)),
  },
  {
    files: typescript,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.json'] })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'no-restricted-imports': ['error', { patterns: [WHOLE_PROVIDER, FRAMEWORK_INSIDES] }],
      'no-restricted-syntax': ['error', dynamically(WHOLE_PROVIDER), dynamically(FRAMEWORK_INSIDES)],
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
      // options of a variant that adds none yet
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
    },
  },
  {
    files: [...within(CONSTRUCTS), 'src/index.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [WHOLE_PROVIDER, FRAMEWORK_INSIDES, OTHER_PACKAGES] }],
      'no-restricted-syntax': [
        'error',
        dynamically(WHOLE_PROVIDER),
        dynamically(FRAMEWORK_INSIDES),
        {
          selector: ':matches(FunctionDeclaration, FunctionExpression, ArrowFunctionExpression)[async=true]',
          message: 'Synth is synchronous: what is created after an await is missing from the stack.',
        },
        {
          selector: ':matches(AwaitExpression, ForOfStatement[await=true])',
          message: 'Synth is synchronous: what is created after an await is missing from the stack.',
        },
      ],
    },
  },
  {
    files: within(PROGRAMS),
    ignores: within(['cli']),
    rules: { 'no-restricted-imports': ['error', { patterns: [FRAMEWORK] }] },
  },
  { files: [...within(['cli', 'profiler', 'scoring']), 'examples/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // synthesized JSON has the shape that the provider's schema gives it, which the schema check proves
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
);
