import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import type { BenchModel } from './cases';

/** The folder that holds what the benchmark needs: a Python environment, the models, our programs, a private Node.js. */
export interface Scratch {
  readonly folder: string;
  readonly python: string;
  /** `model-serving.js`, `scoring-server.js`, `load-generator.js`. */
  readonly programs: string;
  /** A copy of Node.js that nothing else runs, so that its pages can be dropped from the cache. */
  readonly node: string;
}

/** Makes what is missing; the programs are bundled anew each time, as they are under test, unless a folder of them is given. */
export function prepareScratch(folder: string, programs?: string): Scratch {
  fs.mkdirSync(folder, { recursive: true });
  const venv = path.join(folder, 'venv');
  const requirements = path.join(__dirname, 'requirements.txt');
  once(path.join(venv, '.installed-from'), requirements, () => {
    run('python3', ['-m', 'venv', venv]);
    run(path.join(venv, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  });
  const python = path.join(venv, 'bin/python');
  const maker = path.join(__dirname, 'make_models.py');
  once(path.join(folder, 'models', '.made-by'), maker, () => run(python, [maker, path.join(folder, 'models')]));
  const node = path.join(folder, 'node');
  if (!fs.existsSync(node)) fs.copyFileSync(process.execPath, node);
  const ours = programs ?? path.join(folder, 'programs');
  if (programs === undefined) run(process.execPath, ['scripts/bundle.mjs', ours]);
  return { folder, python, programs: ours, node };
}

/** What is profiled: the model's file, or the entry script. */
export const subjectFile = (scratch: Scratch, model: BenchModel): string =>
  model.script ?? path.join(scratch.folder, 'models', model.id, 'model.onnx');

export const inputFile = (scratch: Scratch, model: BenchModel): string =>
  path.join(scratch.folder, 'models', model.id, model.inputs);

/** Runs `make` unless the marker says that this very source was made before. */
function once(marker: string, source: string, make: () => void): void {
  const content = fs.readFileSync(source, 'utf8');
  if (fs.existsSync(marker) && fs.readFileSync(marker, 'utf8') === content) return;
  console.log(`Making ${path.dirname(marker)} …`);
  make();
  fs.writeFileSync(marker, content);
}

function run(program: string, args: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${error?.message ?? (stderr || stdout).slice(-1000)}`);
}
