import { Row, RowRequest, Table } from '../row';
import { ALL, UUID } from './runtimes';

const fixture = 'identity';
const BODY = { x: [[1, 2, 3]] };
const SEVERAL = { AML_CORS_ORIGINS: 'http://a.example, http://b.example' };
const ONE = { AML_CORS_ORIGINS: 'http://a.example' };
const EVERYONE = { AML_CORS_ORIGINS: '*' };
const ALLOW = 'access-control-allow-origin';

const EVERY_STATUS = 'a page could not read why it was refused: the headers are on every status';

const score = (origin?: string): RowRequest => ({
  method: 'POST',
  path: '/score',
  headers: origin === undefined ? {} : { Origin: origin },
  body: BODY,
});

const preflight = (origin: string, headers?: string, method = 'POST'): RowRequest => ({
  method: 'OPTIONS',
  path: '/score',
  headers: {
    Origin: origin,
    'Access-Control-Request-Method': method,
    ...(headers === undefined ? {} : { 'Access-Control-Request-Headers': headers }),
  },
});

const rows: ReadonlyArray<Omit<Row, 'fixture' | 'runtimes'>> = [
  {
    name: 'without a list no origin is allowed',
    request: score('http://a.example'),
    expected: { status: 200, headers: { [ALLOW]: null } },
  },
  {
    name: 'an allowed origin is named',
    env: SEVERAL,
    request: score('http://a.example'),
    expected: { status: 200, headers: { [ALLOW]: 'http://a.example', vary: 'Origin' } },
  },
  {
    name: 'the second allowed origin is named',
    env: SEVERAL,
    request: score('http://b.example'),
    expected: { status: 200, headers: { [ALLOW]: 'http://b.example', vary: 'Origin' } },
  },
  {
    name: 'another origin is not named',
    env: SEVERAL,
    request: score('http://c.example'),
    expected: { status: 200, headers: { [ALLOW]: null, vary: null } },
    ours: [{ headers: { vary: 'Origin' }, because: 'a cache must not give this answer to an allowed origin' }],
  },
  {
    name: 'an origin that only begins like an allowed one is not named',
    env: SEVERAL,
    request: score('http://a.example.evil.example'),
    expected: { status: 200, headers: { [ALLOW]: null } },
  },
  {
    name: 'a caller without an origin',
    env: SEVERAL,
    request: score(),
    expected: { status: 200, headers: { [ALLOW]: 'http://a.example', vary: 'Origin' } },
    ours: [{ headers: { [ALLOW]: null, vary: null }, because: 'no page asked, so none is allowed anything' }],
  },
  {
    name: 'a preflight is answered with the methods and the headers that were asked for',
    env: SEVERAL,
    request: preflight('http://a.example', 'authorization, content-type'),
    expected: {
      status: 200,
      text: '',
      headers: {
        [ALLOW]: 'http://a.example',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization, content-type',
        vary: 'Origin',
      },
    },
  },
  {
    name: 'a preflight from another origin allows nothing',
    env: SEVERAL,
    request: preflight('http://c.example', 'authorization'),
    expected: {
      status: 200,
      text: '',
      headers: { [ALLOW]: null, 'access-control-allow-methods': null, 'access-control-allow-headers': null },
    },
  },
  {
    name: 'a preflight for a method that pages may not use names no methods',
    env: SEVERAL,
    request: preflight('http://a.example', undefined, 'PUT'),
    expected: { status: 200, headers: { [ALLOW]: 'http://a.example', 'access-control-allow-methods': null } },
  },
  {
    name: 'a preflight needs no key',
    env: SEVERAL,
    request: preflight('http://b.example', 'authorization'),
    expected: { status: 200, headers: { [ALLOW]: 'http://b.example', 'access-control-allow-headers': 'authorization' } },
  },
  {
    name: 'the health route may be read by pages',
    env: SEVERAL,
    request: { method: 'GET', path: '/', headers: { Origin: 'http://b.example' } },
    expected: { status: 200, text: 'Healthy', headers: { [ALLOW]: 'http://b.example' } },
  },
  {
    name: 'the Swagger document may be read by pages',
    env: SEVERAL,
    request: { method: 'GET', path: '/swagger.json', headers: { Origin: 'http://b.example' } },
    expected: { status: 200, headers: { [ALLOW]: 'http://b.example' } },
  },
  {
    name: 'a refused input may be read by pages',
    env: SEVERAL,
    request: { method: 'POST', path: '/score', headers: { Origin: 'http://a.example' }, body: {} },
    expected: { status: 400, headers: { [ALLOW]: 'http://a.example' } },
  },
  {
    name: 'a 431 may be read by pages',
    env: SEVERAL,
    request: {
      method: 'POST',
      path: '/score',
      headers: { Origin: 'http://a.example', 'x-request-id': 'i'.repeat(101) },
      body: BODY,
    },
    expected: { status: 431, headers: { [ALLOW]: 'http://a.example', 'x-request-id': null } },
    ours: [{ headers: { 'x-request-id': UUID }, because: 'a new id takes the place of the refused one' }],
  },
  {
    name: 'a 404, read by pages',
    env: SEVERAL,
    request: { method: 'GET', path: '/nothing', headers: { Origin: 'http://a.example' } },
    expected: { status: 404, headers: { [ALLOW]: null } },
    ours: [{ headers: { [ALLOW]: 'http://a.example' }, because: EVERY_STATUS }],
  },
  {
    name: 'a 405, read by pages',
    env: SEVERAL,
    request: { method: 'PUT', path: '/score', headers: { Origin: 'http://a.example' } },
    expected: { status: 405, headers: { [ALLOW]: null } },
    ours: [{ headers: { [ALLOW]: 'http://a.example' }, because: EVERY_STATUS }],
  },
  {
    name: 'a single allowed origin is named',
    env: ONE,
    request: score('http://a.example'),
    expected: { status: 200, headers: { [ALLOW]: 'http://a.example' } },
  },
  {
    name: 'a single allowed origin is not named to others',
    env: ONE,
    request: score('http://c.example'),
    expected: { status: 200, headers: { [ALLOW]: null } },
  },
  {
    name: 'every origin may be allowed',
    env: EVERYONE,
    request: score('http://c.example'),
    expected: { status: 200, headers: { [ALLOW]: 'http://c.example', vary: 'Origin' } },
    ours: [{ headers: { [ALLOW]: '*', vary: null }, because: 'the same for everybody, so that caches may keep it' }],
  },
  {
    name: 'a preflight from anywhere where every origin is allowed',
    env: EVERYONE,
    request: preflight('http://c.example', 'content-type'),
    expected: {
      status: 200,
      headers: {
        [ALLOW]: 'http://c.example',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'content-type',
      },
    },
    ours: [{ headers: { [ALLOW]: '*' }, because: 'the same for everybody, so that caches may keep it' }],
  },
];

export const cors: Table = { title: 'Cross-origin requests', rows: rows.map(row => ({ fixture, runtimes: ALL, ...row })) };
