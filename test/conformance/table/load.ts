import { gzipSync } from 'zlib';
import { Row, Table } from '../row';
import { ALL, SCRIPTS, UUID } from './runtimes';

const fixture = 'undecorated';
const TIMEOUT = { SCORING_TIMEOUT_MS: '300' };
const BODY = '{"x":[[1,2,3]]}';

const sleep = (seconds: number) => ({ method: 'POST', path: '/score', body: { do: 'sleep', seconds } });
const say = { method: 'POST', path: '/score', body: { do: 'answer', value: 'scored' } };

const limits: readonly Row[] = [
  {
    name: 'a run that takes too long is ended',
    fixture,
    env: TIMEOUT,
    runtimes: SCRIPTS,
    request: sleep(5),
    expected: {
      status: 500,
      json: { message: 'Scoring timeout after 300 ms' },
      headers: { 'x-ms-run-function-failed': 'True', 'x-ms-run-fn-exec-ms': null },
    },
    ours: [
      {
        status: 504,
        because: '504 says that time ran out; MODEL_SERVING_STATUS_CODES=azureml-v1 maps statuses as Azure ML’s front end did',
      },
    ],
  },
  {
    name: 'the next request after that is scored',
    fixture,
    env: TIMEOUT,
    runtimes: SCRIPTS,
    request: say,
    expected: { status: 200, json: 'scored' },
  },
  {
    name: 'a body of a megabyte is read',
    fixture: 'identity',
    runtimes: ALL,
    request: { method: 'POST', path: '/score', body: { x: new Array(100_000).fill([1, 2, 3]) } },
    expected: { status: 200 },
  },
  {
    name: 'a body larger than the limit',
    fixture: 'identity',
    env: { MODEL_SERVING_MAX_BODY_BYTES: '1000' },
    runtimes: ALL,
    request: { method: 'POST', path: '/score', body: { x: new Array(200).fill([1, 2, 3]) } },
    expected: { status: 200 },
    ours: [
      {
        status: 413,
        contains: { message: /1000 bytes/ },
        because: 'one caller may not fill the memory of all; the default of 100 MB is that of Azure ML’s front end',
      },
    ],
  },
  {
    name: 'a gzip body',
    fixture: 'identity',
    runtimes: ALL,
    request: {
      method: 'POST',
      path: '/score',
      headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
      body: gzipSync(BODY),
    },
    expected: { status: 500 },
    ours: [
      {
        status: 200,
        json: { y: [[1, 2, 3]] },
        because: 'JSON shrinks to a fraction: gzip is read, up to the limit on what it unpacks to',
      },
    ],
  },
];

const concurrency: readonly Row[] = [
  {
    name: 'the health route while the script is busy',
    fixture,
    runtimes: SCRIPTS,
    meanwhile: sleep(0.4),
    request: { method: 'GET', path: '/' },
    expected: { status: 200, text: 'Healthy', waits: true },
    ours: [{ waits: false, because: 'a busy script is not a dead one: probes are answered by the front' }],
  },
  {
    name: 'a request waits for the one before it',
    fixture,
    runtimes: SCRIPTS,
    meanwhile: sleep(0.3),
    request: say,
    expected: { status: 200, json: 'scored', waits: true },
  },
  {
    name: 'a request that waits longer than it may',
    fixture,
    env: { MODEL_SERVING_MAX_QUEUE_WAIT_MS: '200' },
    runtimes: SCRIPTS,
    meanwhile: sleep(0.6),
    request: say,
    expected: { status: 200, waits: true },
    ours: [
      {
        status: 503,
        contains: { message: /./ },
        waits: false,
        headers: { 'retry-after': /^\d+$/, 'x-ms-run-function-failed': 'False' },
        because: 'Azure ML’s front end answered 503 after max_request_wait_time; so does this server',
      },
    ],
  },
  {
    name: 'a request too many',
    fixture,
    env: { MODEL_SERVING_MAX_QUEUED_REQUESTS: '0' },
    runtimes: SCRIPTS,
    meanwhile: sleep(0.6),
    request: say,
    expected: { status: 200, waits: true },
    ours: [
      {
        status: 429,
        contains: { message: /./ },
        waits: false,
        headers: { 'retry-after': /^\d+$/ },
        because: 'callers learn at once that they should come back, instead of filling the listener’s backlog',
      },
    ],
  },
  {
    name: 'two workers score at the same time',
    fixture,
    args: ['--worker_count', '2'],
    env: { MODEL_SERVING_MAX_CONCURRENT_REQUESTS: '2' },
    runtimes: SCRIPTS,
    meanwhile: sleep(0.7),
    request: say,
    expected: { status: 200, json: 'scored', waits: false },
  },
];

const UNKNOWN_END = { 'x-ms-run-function-failed': 'True' };
const FAILED = { message: 'An unexpected error occurred in scoring script. Check the logs for more info.' };

const ends: readonly Row[] = [
  {
    name: 'a script that asks to end the process',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'POST', path: '/score', body: { do: 'end' } },
    expected: { status: 500, text: /<html>/, headers: { 'x-request-id': null } },
    ours: [
      {
        runtimes: ['python'],
        json: FAILED,
        headers: { ...UNKNOWN_END, 'x-request-id': UUID },
        because: 'every failure is JSON with the request’s ids; the process goes on',
      },
      {
        runtimes: ['javascript'],
        status: 503,
        contains: { message: /./ },
        headers: { ...UNKNOWN_END, 'x-request-id': UUID, 'retry-after': /^\d+$/ },
        because: 'every failure is JSON with the request’s ids; the process is started again',
      },
    ],
  },
  {
    name: 'a script that takes its process with it',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'POST', path: '/score', body: { do: 'crash' } },
    expected: { status: 0 },
    ours: [
      {
        status: 503,
        contains: { message: /./ },
        headers: { ...UNKNOWN_END, 'x-request-id': UUID, 'retry-after': /^\d+$/ },
        because: 'every request that was accepted is answered',
      },
    ],
  },
  {
    name: 'the health route after that',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'GET', path: '/' },
    expected: { status: 200, text: 'Healthy' },
  },
];

const VERSION = 'x-ms-server-version';
const NO_VERSION = 'names and versions of programs help those who look for their faults';

const versions: readonly Row[] = [
  {
    name: 'the version of the server, on a score',
    fixture,
    runtimes: SCRIPTS,
    request: say,
    expected: { status: 200, headers: { [VERSION]: 'azmlinfsrv/1.5.1' } },
    ours: [{ runtimes: ['javascript'], headers: { [VERSION]: null }, because: NO_VERSION }],
  },
  {
    name: 'the version of the server, on the health route',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'GET', path: '/' },
    expected: { status: 200, headers: { [VERSION]: 'azmlinfsrv/1.5.1' } },
    ours: [{ headers: { [VERSION]: null }, because: NO_VERSION }],
  },
  {
    name: 'the version of a server that is told to keep it to itself',
    fixture,
    env: { SERVER_VERSION_LOG_RESPONSE_ENABLED: 'false' },
    runtimes: SCRIPTS,
    request: say,
    expected: { status: 200, headers: { [VERSION]: null } },
  },
];

export const load: Table = { title: 'Limits, load and versions', rows: [...limits, ...concurrency, ...versions, ...ends] };
