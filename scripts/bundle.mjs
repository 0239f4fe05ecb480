// Bundles the programs, each into one file that needs nothing but Node.js (and ONNX Runtime where it scores).
import { build } from 'esbuild';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const programs = {
  'model-serving': 'src/cli/main.ts',
  'scoring-server': 'src/scoring/main.ts',
  'load-generator': 'src/profiler/load-generator-main.ts',
  'operator-profile': 'src/profiler/operator-profile-main.ts',
  quickstart: 'examples/quickstart/main.ts',
};
/** Loaded only by a server that collects data. */
const onDemand = { 'azure-blobs': 'src/scoring/telemetry/data-collection/azure-blobs.ts' };

const outdir = process.argv[2] ?? 'programs';
const common = {
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // the framework and its bindings stay the user's own; native code cannot be bundled
  external: ['onnxruntime-node', 'onnxruntime-common', 'cdktf', 'constructs', '@cdktf/*'],
  legalComments: 'linked',
  logLevel: 'warning',
};

await build({ ...common, entryPoints: Object.fromEntries(Object.entries(programs).filter(([, source]) => existsSync(source))) });
await build({
  ...common,
  entryPoints: onDemand,
  minify: true,
  // Azure's libraries ask where they lie, which only an ES module can
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('url').pathToFileURL(__filename).href;" },
});

// the profile step for programs: `import { profile } from 'cdktf-model-serving/profiler'`
if (outdir === 'programs') await build({ ...common, outdir: 'profiler', entryPoints: { index: 'src/profiler/api.ts' } });

// what a Python engine runs is Python
rmSync(join(outdir, 'python'), { recursive: true, force: true });
cpSync('src/scoring/python', join(outdir, 'python'), { recursive: true, filter: source => !source.includes('__pycache__') });

// the types that entry scripts are written with: `import type … from 'cdktf-model-serving/entry-script'`
const entryScript = 'src/scoring/script/entry-script.ts';
const { outputText } = ts.transpileDeclaration(readFileSync(entryScript, 'utf8'), { fileName: entryScript });
mkdirSync('entry-script', { recursive: true });
writeFileSync('entry-script/index.d.ts', outputText);
writeFileSync('entry-script/index.js', '// types only\n');
