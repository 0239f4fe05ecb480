import { buildSync } from 'esbuild';
import * as fs from 'fs';
import * as path from 'path';

const REPOSITORY = path.join(__dirname, '../../..');
// below node_modules, where a bundle finds ONNX Runtime as an installed package does
const FOLDER = path.join(REPOSITORY, 'node_modules', '.cache', `model-serving-profiler-${process.pid}`);

export const FIXTURE_SERVER = path.join(__dirname, 'fixture-server.js');
export const DIGITS = path.join(REPOSITORY, 'models', 'digits.onnx');
export const ECHO = path.join(REPOSITORY, 'test', 'fixtures', 'scripts', 'echo.cjs');
export const SAMPLES = path.join(REPOSITORY, 'models', 'digits-samples.json');

afterAll(() => fs.rmSync(FOLDER, { recursive: true, force: true }));

/** Bundles one source file as it is now, and returns the program. */
export function bundle(source: string): string {
  const outfile = path.join(FOLDER, path.basename(source).replace(/\.ts$/, '.js'));
  buildSync({
    entryPoints: [path.join(REPOSITORY, source)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['onnxruntime-node', 'onnxruntime-common'],
    logLevel: 'error',
  });
  return outfile;
}

export const loadGenerator = (): string => bundle('src/profiler/load-generator-main.ts');
export const scoringServer = (): string => bundle('src/scoring/main.ts');
