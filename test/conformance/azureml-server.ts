import { spawn, spawnSync } from 'child_process';
import { tmpdir } from 'os';
import { freePort } from '../../src/profiler/free-port';
import { fixtureFolder, modelFolder, resolvedEnv, served } from './fixtures';
import { Setup } from './row';
import { send } from './send';
import { RunningServer, Start } from './started-server';

const PACKAGE = 'azureml-inference-server-http';
const VERSION = '1.5.1';

/** Azure ML's command line, except that it listens on the loopback address only. */
const COMMAND_LINE = "import azureml_inference_server_http.amlserver as s; s.DEFAULT_HOST = '127.0.0.1'; s.run()";
/** gunicorn beats its heart on the disk unless it is told not to. */
const GUNICORN = '--worker-tmp-dir /dev/shm';
const STOP_MS = 5_000;

/** The Python whose server is compared with ours; undefined with a reason where there is none. */
export function findPython(): { readonly python?: string; readonly missing?: string } {
  const python = process.env.MODEL_SERVING_TEST_PYTHON;
  if (python === undefined) return { missing: `MODEL_SERVING_TEST_PYTHON names no Python with ${PACKAGE}==${VERSION}` };
  const probe = `import importlib.metadata as m, flask_cors, pandas; print(m.version('${PACKAGE}'))`;
  const { stdout, stderr } = spawnSync(python, ['-c', probe], { encoding: 'utf8', timeout: 60_000 });
  if (stdout?.trim() === VERSION) return { python };
  return { missing: `${python} has not ${PACKAGE}==${VERSION}, flask-cors and pandas: ${stdout || stderr}`.trim() };
}

/** Starts Azure ML's server and resolves when it answers, or has ended. */
export async function startAzureMl(python: string, setup: Setup): Promise<Start> {
  const { fixture, args = [], env = {} } = setup;
  const port = await freePort();
  const portArgs = args.includes('--port') ? [] : ['--port', String(port)];
  // the command line asks for a script; only without it there may be none
  const command =
    env.AZUREML_ENTRY_SCRIPT === ''
      ? ['-m', 'gunicorn', '-b', `127.0.0.1:${port}`, 'azureml_inference_server_http.server.entry:app']
      : ['-c', COMMAND_LINE, '--entry_script', served(fixture, 'python'), ...portArgs, ...args];
  const child = spawn(python, command, {
    cwd: fixtureFolder(fixture),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
      GUNICORN_CMD_ARGS: GUNICORN,
      // gunicorn 26 opens a socket there, and earlier ones have no switch against it
      HOME: tmpdir(),
      AML_APP_ROOT: fixtureFolder(fixture),
      AZUREML_MODEL_DIR: modelFolder(fixture),
      ...resolvedEnv(fixture, env),
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const exited = new Promise<number | null>(resolve => child.once('close', resolve));
  const server: RunningServer = {
    port,
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(timer);
    },
  };
  let ended = false;
  const code = exited.then(exitCode => {
    ended = true;
    return { exitCode, output };
  });
  return Promise.race([code, answers(port, () => ended).then(() => ({ server, output }))]);
}

/** Resolves once the health route answers; asks no more when the server has ended. */
async function answers(port: number, ended: () => boolean): Promise<void> {
  while (!ended()) {
    const status = await send(port, { method: 'GET', path: '/' }).then(
      answer => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return new Promise(() => undefined);
}
