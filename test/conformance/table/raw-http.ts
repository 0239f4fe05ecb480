import { Expected, Row, Table } from '../row';
import { DURATION, PYTHON, SCRIPTS, UUID } from './runtimes';

const fixture = 'raw';
const HTML = 'text/html; charset=utf-8';

const answer = (what: string, name: string, expected: Expected, more: Partial<Row> = {}): Row => ({
  name,
  fixture,
  runtimes: SCRIPTS,
  request: { method: 'POST', path: `/score?case=${what}` },
  expected,
  ...more,
});

const requests: readonly Row[] = [
  {
    name: 'run gets method, path, query and headers of a GET',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'GET', path: '/score?a=1&b=x%20y', headers: { 'X-Custom': 'c' } },
    expected: { status: 200, json: { method: 'GET', path: '/score', query: { a: '1', b: 'x y' }, header: 'c', body: [] } },
  },
  {
    name: 'run gets the bytes of a POST, whatever they are',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'POST', path: '/score', headers: { 'Content-Type': 'image/png' }, body: Buffer.from([0, 255, 137, 10]) },
    expected: { status: 200, json: { method: 'POST', path: '/score', query: {}, header: null, body: [0, 255, 137, 10] } },
  },
  {
    name: 'run gets an OPTIONS',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'OPTIONS', path: '/score' },
    expected: { status: 200, contains: { method: 'OPTIONS' } },
  },
  {
    name: 'a preflight of a script that takes raw requests',
    fixture,
    env: { AML_CORS_ORIGINS: 'http://a.example, http://b.example' },
    runtimes: SCRIPTS,
    request: {
      method: 'OPTIONS',
      path: '/score',
      headers: { Origin: 'http://a.example', 'Access-Control-Request-Method': 'POST' },
    },
    expected: {
      status: 200,
      contains: { method: 'OPTIONS' },
      headers: { 'access-control-allow-origin': 'http://a.example', 'access-control-allow-methods': 'GET, POST' },
    },
    ours: [{ text: '', because: 'where the service answers preflights, the script need not know about them' }],
  },
  {
    name: 'run gets a HEAD',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'HEAD', path: '/score' },
    expected: { status: 200, text: '', headers: { 'x-ms-run-fn-exec-ms': DURATION } },
    ours: [{ status: 405, headers: { 'x-ms-run-fn-exec-ms': null }, because: 'it would score and throw the answer away' }],
  },
  {
    name: 'run does not get a PUT',
    fixture,
    runtimes: SCRIPTS,
    request: { method: 'PUT', path: '/score', body: 'a' },
    expected: {
      status: 405,
      json: { message: 'The method is not allowed for the requested URL.' },
      headers: { 'x-request-id': null },
    },
    ours: [{ headers: { 'x-request-id': UUID }, because: 'the ids are on every answer' }],
  },
];

const answers: readonly Row[] = [
  answer(
    'text',
    'a text is answered as it is',
    {
      status: 200,
      text: 'plain text',
      headers: { 'content-type': HTML, 'x-ms-run-function-failed': 'False', 'x-ms-run-fn-exec-ms': DURATION },
    },
    {
      ours: [
        {
          runtimes: ['javascript'],
          headers: { 'content-type': 'text/plain; charset=utf-8' },
          because: 'what callers sent and scripts repeat would be run by a browser as a page of the service',
        },
      ],
    },
  ),
  answer('empty', 'an empty text is an empty body', { status: 200, text: '', headers: { 'content-length': '0' } }),
  answer(
    'none',
    'nothing is an empty object',
    { status: 200, json: {}, headers: { 'content-type': 'application/json' } },
    {
      ours: [
        {
          runtimes: ['javascript'],
          text: '',
          headers: { 'content-type': null, 'content-length': '0' },
          because: 'a script that answers raw and names no body means none',
        },
      ],
    },
  ),
  answer('json', 'JSON has its own status and type', {
    status: 201,
    json: { a: [1, 2] },
    headers: { 'content-type': 'application/json' },
  }),
  answer('bytes', 'bytes have the type that the script gives them', {
    status: 200,
    text: Buffer.from([0, 255, 1]).toString(),
    headers: { 'content-type': 'application/octet-stream', 'content-length': '3' },
  }),
  answer('teapot', 'a status below 500 is no failure', {
    status: 418,
    text: 'short and stout',
    headers: { 'x-ms-run-function-failed': 'False' },
  }),
  answer('failed', 'a status from 500 on is a failure', {
    status: 503,
    text: 'no luck',
    headers: { 'x-ms-run-function-failed': 'True', 'x-ms-run-fn-exec-ms': DURATION },
  }),
  answer(
    'flagged',
    'a script may say that it failed',
    { status: 200, text: 'flagged', headers: { 'x-ms-run-function-failed': 'True' } },
    { runtimes: PYTHON },
  ),
  answer('repeated', 'a header may be repeated', { status: 200, headers: { 'x-many': ['a', 'b'] } }),
  answer(
    'date',
    'a comma in a header’s value',
    { status: 200, headers: { 'x-date': ['Tue', '24 Nov 2026 12:00:00 GMT'] } },
    {
      ours: [
        {
          runtimes: ['javascript'],
          headers: { 'x-date': ['Tue, 24 Nov 2026 12:00:00 GMT'] },
          because: 'dates and cookies hold commas: only a list is made several headers',
        },
      ],
    },
  ),
  answer(
    'protected',
    'a script cannot set the request ids, except the client’s where the caller sent none',
    { status: 200, headers: { 'x-request-id': UUID, 'x-ms-request-id': UUID, 'x-ms-client-request-id': 'forged' } },
    { ours: [{ headers: { 'x-ms-client-request-id': null }, because: 'none of the three ids is the script’s to make up' }] },
  ),
  answer('cors', 'a script may allow an origin by itself', {
    status: 200,
    headers: { 'access-control-allow-origin': 'http://www.example.com' },
  }),
  answer('value', 'a plain value is answered as JSON', {
    status: 200,
    json: { plain: 'value' },
    headers: { 'content-type': 'application/json' },
  }),
  answer('number', 'a number is answered as JSON', { status: 200, json: 7 }, { runtimes: PYTHON }),
  answer('throw', 'an exception is a general text', {
    status: 500,
    json: { message: 'An unexpected error occurred in scoring script. Check the logs for more info.' },
    headers: { 'x-ms-run-function-failed': 'True' },
  }),
  answer(
    'stream',
    'a stream is answered piece by piece',
    {
      status: 200,
      text: 'piece 0;piece 1;piece 2;piece 3;',
      pieces: 3,
      headers: { 'transfer-encoding': 'chunked', 'content-length': null, 'x-ms-run-fn-exec-ms': DURATION },
    },
    {
      ours: [
        {
          runtimes: ['javascript'],
          headers: { 'x-ms-run-fn-exec-ms': null },
          because: 'when the head is sent, nobody knows yet how long the pieces take',
        },
      ],
    },
  ),
];

const legacy = 'legacy-imports';
/** The article's sample, as it stands there. */
const oldNames: readonly Row[] = [
  {
    name: 'the names of azureml.contrib.services work: GET',
    fixture: legacy,
    runtimes: PYTHON,
    request: { method: 'GET', path: '/score?a=1' },
    expected: { status: 200, text: '/score?a=1' },
  },
  {
    name: 'the names of azureml.contrib.services work: POST',
    fixture: legacy,
    runtimes: PYTHON,
    request: { method: 'POST', path: '/score', headers: { 'Content-Type': 'application/octet-stream' }, body: 'some bytes' },
    expected: { status: 200, text: 'some bytes', headers: { 'content-type': HTML } },
  },
  {
    name: 'the names of azureml.contrib.services work: OPTIONS',
    fixture: legacy,
    runtimes: PYTHON,
    request: { method: 'OPTIONS', path: '/score' },
    expected: { status: 500, text: 'bad request', headers: { 'x-ms-run-function-failed': 'True' } },
  },
];

export const rawHttp: Table = { title: 'Raw requests and answers', rows: [...requests, ...answers, ...oldNames] };
