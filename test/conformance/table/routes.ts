import { Difference, Row, Table } from '../row';
import { ALL, DURATION, UUID } from './runtimes';

const fixture = 'identity';
const BODY = { x: [[1, 2, 3]] };
const SCORED = { y: [[1, 2, 3]] };

const IDS_EVERYWHERE = 'a request that is refused must be found in the logs, too: its ids are on every answer';
const NOT_ALLOWED = { message: 'The method is not allowed for the requested URL.' };

/** In any order: it differs from one start of Python to the next. */
const READ_METHODS = /^(?=.*GET)(?=.*HEAD)(?=.*OPTIONS)[A-Z, ]{18}$/;

const notFound = (path: string): Row => ({
  name: `GET ${path} is no path`,
  fixture,
  runtimes: ALL,
  request: { method: 'GET', path, headers: { 'x-request-id': 'a' } },
  expected: {
    status: 404,
    contains: { message: /./ },
    headers: { 'content-type': 'application/json', 'x-request-id': null, 'x-ms-run-function-failed': 'False' },
  },
  ours: [
    {
      headers: { 'x-request-id': 'a', 'x-ms-request-id': 'a' },
      because: `${IDS_EVERYWHERE}; the message names the paths that score`,
    },
  ],
});

const notAllowed = (method: string, path: string, allow: string): Row => ({
  name: `${method} ${path} is not allowed`,
  fixture,
  runtimes: ALL,
  request: { method, path, headers: { 'x-request-id': 'a' } },
  expected: {
    status: 405,
    json: NOT_ALLOWED,
    headers: { 'content-type': 'application/json', 'x-request-id': null, 'x-ms-run-function-failed': 'False', allow: null },
  },
  ours: [{ headers: { 'x-request-id': 'a', allow }, because: `${IDS_EVERYWHERE}; RFC 9110 asks for Allow` }],
});

const options = (path: string): Row => ({
  name: `OPTIONS ${path} says what is allowed`,
  fixture,
  runtimes: ALL,
  request: { method: 'OPTIONS', path },
  expected: { status: 200, text: '', headers: { allow: READ_METHODS } },
});

/** The answer carries the same ids on ours; `null` for a header that must be absent. */
const ids = (
  name: string,
  sent: Readonly<Record<string, string>>,
  [own, legacy, client]: readonly [string | RegExp, string | RegExp, string | null],
): Row => ({
  name,
  fixture,
  runtimes: ALL,
  request: { method: 'POST', path: '/score', headers: sent, body: BODY },
  expected: {
    status: 200,
    json: SCORED,
    headers: { 'x-request-id': own, 'x-ms-request-id': legacy, 'x-ms-client-request-id': client },
  },
});

const NAMES_THE_FAULTY = 'the message names the header that is too long';
const LONG = 'i'.repeat(101);
const tooLong = (
  header: string,
  echoed: Readonly<Record<string, string | RegExp | null>>,
  ours?: readonly Difference[],
): Row => ({
  name: `101 characters of ${header} are refused and not echoed`,
  fixture,
  runtimes: ALL,
  request: { method: 'POST', path: '/score', headers: { [header]: LONG }, body: BODY },
  expected: {
    status: 431,
    contains: { message: new RegExp(`${header}.*100 characters`) },
    headers: { 'x-ms-run-function-failed': 'False', ...echoed },
  },
  ours,
});

const health: readonly Row[] = [
  {
    name: 'GET / is healthy',
    fixture,
    runtimes: ALL,
    request: { method: 'GET', path: '/' },
    expected: {
      status: 200,
      text: 'Healthy',
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-length': '7',
        'x-request-id': UUID,
        'x-ms-run-function-failed': null,
      },
    },
  },
  {
    name: 'GET / with a query is healthy',
    fixture,
    runtimes: ALL,
    request: { method: 'GET', path: '/?probe=1' },
    expected: { status: 200, text: 'Healthy' },
  },
  {
    name: 'HEAD / is healthy without saying so',
    fixture,
    runtimes: ALL,
    request: { method: 'HEAD', path: '/' },
    expected: { status: 200, text: '', headers: { 'content-length': '7', 'content-type': 'text/html; charset=utf-8' } },
  },
  {
    name: 'GET / echoes the request id',
    fixture,
    runtimes: ALL,
    request: { method: 'GET', path: '/', headers: { 'x-request-id': 'probe' } },
    expected: { status: 200, headers: { 'x-request-id': 'probe', 'x-ms-request-id': 'probe' } },
  },
  options('/'),
  options('/swagger.json'),
  {
    name: 'OPTIONS /score of a script that takes no raw requests is answered for it',
    fixture,
    runtimes: ALL,
    request: { method: 'OPTIONS', path: '/score' },
    expected: { status: 200, text: '', headers: { 'content-type': 'text/html; charset=utf-8', allow: null } },
    ours: [{ headers: { allow: 'GET, OPTIONS, POST' }, because: 'RFC 9110 asks for Allow' }],
  },
];

const unknown: readonly Row[] = [
  notFound('/nothing'),
  notFound('/score/'),
  notFound('/SCORE'),
  notFound('/favicon.ico'),
  notAllowed('PUT', '/score', 'GET, OPTIONS, POST'),
  notAllowed('DELETE', '/score', 'GET, OPTIONS, POST'),
  notAllowed('PATCH', '/score', 'GET, OPTIONS, POST'),
  notAllowed('POST', '/', 'GET, HEAD, OPTIONS'),
  notAllowed('DELETE', '/', 'GET, HEAD, OPTIONS'),
  notAllowed('POST', '/swagger.json', 'GET, HEAD, OPTIONS'),
  {
    name: 'HEAD /score is not allowed',
    fixture,
    runtimes: ALL,
    request: { method: 'HEAD', path: '/score' },
    expected: { status: 405, text: '', headers: { 'x-ms-run-function-failed': 'False', 'x-request-id': UUID } },
  },
  {
    name: 'a path is compared decoded',
    fixture,
    runtimes: ALL,
    request: { method: 'POST', path: '/%73core', body: BODY },
    expected: { status: 200, json: SCORED },
  },
];

const scoring: readonly Row[] = [
  {
    name: 'POST /score answers the result as JSON, with how long it took and that nothing failed',
    fixture,
    runtimes: ALL,
    request: { method: 'POST', path: '/score', body: BODY },
    expected: {
      status: 200,
      json: SCORED,
      headers: { 'content-type': 'application/json', 'x-ms-run-fn-exec-ms': DURATION, 'x-ms-run-function-failed': 'False' },
    },
  },
  {
    name: 'a query on POST is ignored',
    fixture,
    runtimes: ALL,
    request: { method: 'POST', path: '/score?x=nothing', body: BODY },
    expected: { status: 200, json: SCORED },
  },
  {
    name: 'GET /score takes its input from the query',
    fixture,
    runtimes: ALL,
    request: { method: 'GET', path: '/score?x=[[1,2,3]]' },
    expected: { status: 200, json: SCORED, headers: { 'x-ms-run-fn-exec-ms': DURATION } },
  },
  {
    name: 'GET /score makes a list of a repeated key',
    fixture,
    runtimes: ALL,
    request: { method: 'GET', path: '/score?x=[1,2,3]&x=[4,5,6]' },
    expected: {
      status: 200,
      json: {
        y: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    },
  },
  {
    name: 'a chunked body is read',
    fixture,
    runtimes: ALL,
    request: { method: 'POST', path: '/score', headers: { 'Transfer-Encoding': 'chunked' }, body: BODY },
    expected: { status: 200, json: SCORED },
  },
  {
    name: 'a body behind Expect: 100-continue is read',
    fixture,
    runtimes: ALL,
    request: { method: 'POST', path: '/score', headers: { Expect: '100-continue' }, body: BODY },
    expected: { status: 200, json: SCORED },
  },
  {
    name: 'the connection afterwards',
    fixture,
    runtimes: ALL,
    request: { method: 'POST', path: '/score', body: BODY },
    expected: { status: 200, headers: { connection: 'close' } },
    ours: [
      { headers: { connection: /^keep-alive$|^$/ }, because: 'a new connection for each request costs more than many a model' },
    ],
  },
  {
    name: 'the name of the web server',
    fixture,
    runtimes: ALL,
    request: { method: 'GET', path: '/' },
    expected: { status: 200, headers: { server: 'gunicorn' } },
    ours: [{ headers: { server: null }, because: 'names of programs help nobody but those who look for their faults' }],
  },
];

const requestIds: readonly Row[] = [
  ids('a request id is made where none is sent', {}, [UUID, UUID, null]),
  ids('the request id is echoed, and stands in for the older header', { 'x-request-id': 'a' }, ['a', 'a', null]),
  ids('the older header alone is echoed and becomes the client’s id', { 'x-ms-request-id': 'b' }, [UUID, 'b', 'b']),
  ids('the client’s id alone fills the older header', { 'x-ms-client-request-id': 'c' }, [UUID, 'c', 'c']),
  ids('the older header and the client’s id are both echoed', { 'x-ms-request-id': 'b', 'x-ms-client-request-id': 'c' }, [
    UUID,
    'b',
    'c',
  ]),
  ids('all three ids are echoed', { 'x-request-id': 'a', 'x-ms-request-id': 'b', 'x-ms-client-request-id': 'c' }, [
    'a',
    'b',
    'c',
  ]),
  ids('the request id and the client’s id are echoed', { 'x-request-id': 'a', 'x-ms-client-request-id': 'c' }, ['a', 'c', 'c']),
  ids('100 characters of request id are taken', { 'x-request-id': 'i'.repeat(100) }, ['i'.repeat(100), 'i'.repeat(100), null]),
  ids('100 characters of client id are taken', { 'x-ms-client-request-id': 'i'.repeat(100) }, [
    UUID,
    'i'.repeat(100),
    'i'.repeat(100),
  ]),
  tooLong('x-request-id', { 'x-request-id': null, 'x-ms-request-id': null }, [
    { headers: { 'x-request-id': UUID }, because: `${IDS_EVERYWHERE}: a new id takes the place of the refused one` },
  ]),
  tooLong('x-ms-request-id', { 'x-request-id': UUID, 'x-ms-request-id': null, 'x-ms-client-request-id': null }, [
    { contains: { message: /^x-ms-request-id is longer/ }, because: NAMES_THE_FAULTY },
  ]),
  tooLong('x-ms-client-request-id', { 'x-request-id': UUID, 'x-ms-request-id': null, 'x-ms-client-request-id': null }, [
    { contains: { message: /^x-ms-client-request-id is longer/ }, because: NAMES_THE_FAULTY },
  ]),
  {
    name: 'a request id is echoed on a failure',
    fixture,
    runtimes: ALL,
    request: { method: 'POST', path: '/score', headers: { 'x-request-id': 'a', 'x-ms-client-request-id': 'c' }, body: {} },
    expected: { status: 400, headers: { 'x-request-id': 'a', 'x-ms-request-id': 'c', 'x-ms-client-request-id': 'c' } },
  },
  {
    name: 'a request id with spaces',
    fixture,
    runtimes: ALL,
    request: { method: 'POST', path: '/score', headers: { 'x-request-id': 'a b' }, body: BODY },
    expected: { status: 200, headers: { 'x-request-id': 'a b' } },
    ours: [
      {
        status: 400,
        contains: { message: /visible ASCII/ },
        headers: { 'x-request-id': UUID },
        because: 'what is echoed and logged may hold visible ASCII only, or others’ log lines could be forged',
      },
    ],
  },
  {
    name: 'TraceId is echoed',
    fixture,
    runtimes: ALL,
    request: { method: 'POST', path: '/score', headers: { TraceId: 'office-1' }, body: BODY },
    expected: { status: 200, headers: { TraceId: 'office-1' } },
  },
  {
    name: 'TraceId is echoed by the health route',
    fixture,
    runtimes: ALL,
    request: { method: 'GET', path: '/', headers: { traceid: 'office-2' } },
    expected: { status: 200, headers: { TraceId: 'office-2' } },
  },
  {
    name: 'a TraceId of 101 characters',
    fixture,
    runtimes: ALL,
    request: { method: 'GET', path: '/', headers: { TraceId: LONG } },
    expected: { status: 200, headers: { TraceId: LONG } },
    ours: [{ headers: { TraceId: null }, because: 'nothing of any length is sent back' }],
  },
];

export const routes: Table = { title: 'Routes and request ids', rows: [...health, ...unknown, ...scoring, ...requestIds] };
