import { Row, Table } from '../row';
import { DURATION, PYTHON, SCRIPTS } from './runtimes';

const fixture = 'undecorated';
const FAILED = { message: 'An unexpected error occurred in scoring script. Check the logs for more info.' };
const INTERNAL = { message: 'An unexpected internal error occurred. Check the logs for more info.' };
const TIMED = 'how long it took until then helps to find out why';
const PARSED = 'a JavaScript script gets what the JSON says, not its text';

const wish = (doing: object) => ({ method: 'POST', path: '/score', body: doing });

/** How a script without a schema gets its input. */
const inputs: readonly Row[] = [
  {
    name: 'run gets the body as text',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'POST', path: '/score', body: { a: [1, 'é'] } },
    expected: { status: 200, json: { type: 'str', data: '{"a":[1,"é"]}' } },
    ours: [{ runtimes: ['javascript'], json: { type: 'object', data: { a: [1, 'é'] } }, because: PARSED }],
  },
  {
    name: 'the text need not be JSON',
    fixture,
    runtimes: PYTHON,
    request: { method: 'POST', path: '/score', headers: { 'Content-Type': 'text/plain' }, body: 'no JSON' },
    expected: { status: 200, json: { type: 'str', data: 'no JSON' } },
  },
  {
    name: 'spaces and line ends of the body are kept',
    fixture,
    runtimes: PYTHON,
    request: { method: 'POST', path: '/score', headers: { 'Content-Type': 'application/json' }, body: ' { "a" : 1 }\r\n' },
    expected: { status: 200, json: { type: 'str', data: ' { "a" : 1 }\r\n' } },
  },
  {
    name: 'an empty body is an empty text',
    fixture,
    runtimes: PYTHON,
    request: { method: 'POST', path: '/score', headers: { 'Content-Type': 'application/json' } },
    expected: { status: 200, json: { type: 'str', data: '' } },
  },
  {
    name: 'a body that is no UTF-8 is refused',
    fixture,
    runtimes: SCRIPTS,
    request: {
      method: 'POST',
      path: '/score',
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from([0x22, 0xff, 0xfe, 0x22]),
    },
    expected: {
      status: 400,
      contains: { message: /UTF-8/ },
      headers: { 'x-ms-run-function-failed': 'False', 'x-ms-run-fn-exec-ms': null },
    },
    ours: [{ runtimes: ['javascript'], headers: { 'x-ms-run-fn-exec-ms': DURATION }, because: TIMED }],
  },
  {
    name: 'GET gives the query as a JSON object, its values read as JSON where they are',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'GET', path: '/score?a=1&b=[true,null]&c=text&d=%7B%22e%22:2%7D&f=' },
    expected: {
      status: 200,
      json: { type: 'str', data: '{"a": 1, "b": [true, null], "c": "text", "d": {"e": 2}, "f": ""}' },
    },
    ours: [
      {
        runtimes: ['javascript'],
        json: { type: 'object', data: { a: 1, b: [true, null], c: 'text', d: { e: 2 }, f: '' } },
        because: PARSED,
      },
    ],
  },
  {
    name: 'GET makes a list of a repeated key',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'GET', path: '/score?a=1&b=2&a=x' },
    expected: { status: 200, json: { type: 'str', data: '{"a": [1, "x"], "b": 2}' } },
    ours: [{ runtimes: ['javascript'], json: { type: 'object', data: { a: [1, 'x'], b: 2 } }, because: PARSED }],
  },
  {
    name: 'GET without a query gives an empty object',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'GET', path: '/score' },
    expected: { status: 200, json: { type: 'str', data: '{}' } },
    ours: [{ runtimes: ['javascript'], json: { type: 'object', data: {} }, because: PARSED }],
  },
  {
    name: 'a query is decoded',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'GET', path: '/score?caf%C3%A9=a+b%2Bc' },
    expected: { status: 200, json: { type: 'str', data: '{"caf\\u00e9": "a b+c"}' } },
    ours: [{ runtimes: ['javascript'], json: { type: 'object', data: { café: 'a b+c' } }, because: PARSED }],
  },
  {
    name: 'run may have a default for its input, which is never taken',
    fixture: 'default-parameter',
    runtimes: PYTHON,
    request: { method: 'POST', path: '/score', headers: { 'Content-Type': 'application/json' } },
    expected: { status: 200, json: { data: '' } },
  },
  {
    name: 'a script gets the headers where it wants them',
    fixture: 'headers',
    runtimes: SCRIPTS,
    request: { method: 'POST', path: '/score', headers: { 'Content-Type': 'application/json', 'X-Custom': 'c' }, body: '1' },
    expected: { status: 200, json: { type: 'dict', custom: 'c', data: '1' } },
  },
  {
    name: 'repeated headers are joined',
    fixture: 'headers',
    runtimes: SCRIPTS,
    request: {
      method: 'POST',
      path: '/score',
      headers: { 'Content-Type': 'application/json', 'X-Custom': ['c', 'd'] },
      body: '1',
    },
    expected: { status: 200, json: { type: 'dict', custom: 'c,d', data: '1' } },
    ours: [
      {
        json: { type: 'dict', custom: 'c, d', data: '1' },
        because: 'Node.js joins repeated headers with a space, which means the same',
      },
    ],
  },
];

/** What becomes of what a script returns, says or throws. */
const outcomes: readonly Row[] = [
  ...[{ a: [1, null] }, [1, 2.5], 7, 'text', true, ''].map((value): Row => ({
    name: `run's ${JSON.stringify(value)} is answered as JSON`,
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'answer', value }),
    expected: { status: 200, json: value, headers: { 'content-type': 'application/json', 'x-ms-run-function-failed': 'False' } },
  })),
  {
    name: 'a text that is JSON is encoded once more',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'answer-json-text' }),
    expected: { status: 200, json: '{"a": 1}' },
  },
  {
    name: 'letters beyond ASCII reach the caller',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'answer', value: 'zażółć 🙂' }),
    expected: { status: 200, json: 'zażółć 🙂' },
  },
  {
    name: 'nothing returned is an empty object',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'answer-nothing' }),
    expected: { status: 200, json: {} },
    ours: [{ runtimes: ['javascript'], json: null, because: 'null is JSON’s word for nothing' }],
  },
  {
    name: 'numbers that JSON does not have',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'answer-nan' }),
    expected: { status: 200, text: '[1.5, NaN, Infinity]' },
    ours: [
      {
        runtimes: ['javascript'],
        json: [1.5, null, null],
        because: 'NaN and Infinity are no JSON: most callers could not read the answer',
      },
    ],
  },
  {
    name: 'a result that cannot become JSON',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'answer-unserialisable' }),
    expected: { status: 500, json: INTERNAL, headers: { 'x-ms-run-function-failed': 'False' } },
  },
  {
    name: 'a script that takes no raw requests may answer with a response all the same',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'respond' }),
    expected: { status: 202, text: 'made by hand', headers: { 'x-made': 'by hand', 'x-ms-run-function-failed': 'False' } },
  },
  {
    name: 'an exception in run is a general text for the caller',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'throw' }),
    expected: {
      status: 500,
      json: FAILED,
      headers: { 'content-type': 'application/json', 'x-ms-run-function-failed': 'True', 'x-ms-run-fn-exec-ms': null },
    },
    ours: [{ runtimes: ['javascript'], headers: { 'x-ms-run-fn-exec-ms': DURATION }, because: TIMED }],
  },
  {
    name: 'an exception in run is in the log',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'throw' }),
    expected: { status: 500, logs: /a secret of the script/ },
  },
  {
    name: 'a web framework’s exception in run is one like any other',
    fixture,
    runtimes: PYTHON,
    request: wish({ do: 'abort' }),
    expected: { status: 500, json: FAILED, headers: { 'x-ms-run-function-failed': 'True' } },
  },
  {
    name: 'the script goes on after an exception',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'answer', value: 'still here' }),
    expected: { status: 200, json: 'still here' },
  },
  {
    name: 'what run prints is in the log',
    fixture,
    runtimes: SCRIPTS,
    request: wish({ do: 'say', text: 'said in run' }),
    expected: { status: 200, json: 'said', logs: /said in run/ },
  },
  {
    name: 'AZUREML_MODEL_DIR holds the models',
    fixture: 'model-dir',
    runtimes: SCRIPTS,
    request: wish({}),
    expected: { status: 200, json: { weights: [1, 2, 3] } },
  },
];

/** Scripts that are found and loaded in other ways. */
const layouts: readonly Row[] = [
  {
    name: 'of a driver script, the inner run is called',
    fixture: 'driver',
    runtimes: PYTHON,
    request: wish({}),
    expected: { status: 200, json: ['inner run', 'outer init'] },
  },
  {
    name: 'modules of AZUREML_SOURCE_DIRECTORY are found',
    fixture: 'source-dir',
    env: { AZUREML_SOURCE_DIRECTORY: 'shared/code' },
    runtimes: PYTHON,
    request: wish({}),
    expected: { status: 200, json: 'from the source directory' },
  },
];

export const entryScript: Table = { title: 'Entry scripts', rows: [...inputs, ...outcomes, ...layouts] };
