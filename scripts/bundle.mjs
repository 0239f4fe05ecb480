// Bundles the programs, each into one file that needs nothing but Node.js (and ONNX Runtime where it scores).
import { build } from 'esbuild';
import { existsSync } from 'node:fs';

const programs = {
  'model-serving': 'src/cli/main.ts',
  'scoring-server': 'src/scoring/main.ts',
  'load-generator': 'src/profiler/load-generator-main.ts',
  quickstart: 'examples/quickstart/main.ts',
};

await build({
  entryPoints: Object.fromEntries(Object.entries(programs).filter(([, source]) => existsSync(source))),
  outdir: process.argv[2] ?? 'programs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // the framework and its bindings stay the user's own; native code cannot be bundled
  external: ['onnxruntime-node', 'onnxruntime-common', 'cdktf', 'constructs', '@cdktf/*'],
  legalComments: 'linked',
  logLevel: 'warning',
});
