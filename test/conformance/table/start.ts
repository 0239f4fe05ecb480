import { StartRow, Table } from '../row';
import { PYTHON, SCRIPTS } from './runtimes';

const refused = (name: string, fixture: string, says: RegExp, more: Partial<StartRow> = {}): StartRow => ({
  name,
  fixture,
  runtimes: SCRIPTS,
  expected: { exitCode: 3, says },
  ...more,
});

const PORT = 'MODEL_SERVING_PORT sets the port; like every bad setting, one that cannot be had ends the start with exit code 3';

const scripts: readonly StartRow[] = [
  refused('no script at the path', 'nothing', /score\.(py|js)/),
  refused('neither AZUREML_ENTRY_SCRIPT nor main.py', 'nothing', /main/, { env: { AZUREML_ENTRY_SCRIPT: '' }, runtimes: PYTHON }),
  refused('a script that imports what is not there', 'import-error', /a_package_that_nobody_has|a-package-that-nobody-has/),
  refused('a script that is no program', 'bad-indent', /IndentationError|SyntaxError/),
  refused('a script without init', 'no-init', /init\(?\)?/, {
    runtimes: PYTHON,
  }),
  refused('a script without run', 'no-run', /run/),
  refused('a run of any number of inputs', 'bad-signature', /positional-only arguments, \*args, or \*\*kwargs/, {
    runtimes: PYTHON,
  }),
  refused('a run without an input', 'no-argument', /accept an argument for input data/, { runtimes: PYTHON }),
  refused('a run of nothing but headers', 'only-headers', /argument other than/, { runtimes: PYTHON }),
  refused('a run that is raw and has a schema', 'raw-and-schema', /both/),
  refused('an init that throws', 'init-throws', /the weights are missing/),
  refused('an init that throws, with what the model folder holds', 'init-throws', /weights\.json/, { runtimes: PYTHON }),
  refused('an init that ends the program', 'init-exits', /init|ended/i),
  {
    name: 'a script of the old SDK, which asks for its model’s path',
    fixture: 'get-model-path',
    runtimes: PYTHON,
    expected: { exitCode: 3, says: /No module named 'azureml/ },
    ours: [
      { because: 'scripts of v1 run unchanged: a small azureml.core.model with get_model_path is there where the SDK is not' },
    ],
  },
  {
    name: 'main.py where AZUREML_ENTRY_SCRIPT is not set',
    fixture: 'main-script',
    env: { AZUREML_ENTRY_SCRIPT: '' },
    runtimes: PYTHON,
    expected: {},
    ours: [
      {
        exitCode: 3,
        says: /onnx/i,
        because: 'without an entry script the models are served as they are; InferenceConfig always names one',
      },
    ],
  },
  {
    name: 'what init prints is in the log',
    fixture: 'undecorated',
    runtimes: SCRIPTS,
    expected: { says: /this is said by init/ },
  },
];

const commandLine: readonly StartRow[] = [
  {
    name: 'port 0',
    fixture: 'undecorated',
    args: ['--port', '0'],
    env: { MODEL_SERVING_PORT: '0' },
    runtimes: SCRIPTS,
    expected: { exitCode: 1, says: /port/ },
    ours: [{ because: 'port 0 takes any free one, which the start’s log line names' }],
  },
  {
    name: 'port 65536',
    fixture: 'undecorated',
    args: ['--port', '65536'],
    env: { MODEL_SERVING_PORT: '65536' },
    runtimes: SCRIPTS,
    expected: { exitCode: 1, says: /port/ },
    ours: [{ exitCode: 3, says: /MODEL_SERVING_PORT is '65536'/, because: PORT }],
  },
  {
    name: 'a port that is no number',
    fixture: 'undecorated',
    args: ['--port', 'http'],
    env: { MODEL_SERVING_PORT: 'http' },
    runtimes: SCRIPTS,
    expected: { exitCode: 1, says: /port/ },
    ours: [{ exitCode: 3, says: /MODEL_SERVING_PORT is 'http'/, because: PORT }],
  },
  {
    name: 'a port that is taken',
    fixture: 'undecorated',
    args: ['--port', '$TAKEN'],
    env: { MODEL_SERVING_PORT: '$TAKEN' },
    runtimes: SCRIPTS,
    expected: { exitCode: 1 },
    ours: [{ exitCode: 3, says: /in use/, because: PORT }],
  },
  {
    name: 'no worker',
    fixture: 'undecorated',
    args: ['--worker_count', '0'],
    env: { MODEL_SERVING_MAX_CONCURRENT_REQUESTS: '0' },
    runtimes: SCRIPTS,
    expected: { exitCode: 1, says: /worker_count/ },
    ours: [
      {
        exitCode: 3,
        says: /MODEL_SERVING_MAX_CONCURRENT_REQUESTS is '0'/,
        because: 'every bad setting ends the start with exit code 3',
      },
    ],
  },
];

export const starts: Table<StartRow> = { title: 'Starts', rows: [...scripts, ...commandLine] };
