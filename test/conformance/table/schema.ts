import { Difference, Expected, Row, Table } from '../row';
import { ALL, PYTHON, SCRIPTS } from './runtimes';

const FAILED = { message: 'An unexpected error occurred in scoring script. Check the logs for more info.' };
const NOT_FAILED = { 'x-ms-run-function-failed': 'False' };
const JSON_TYPE = { 'Content-Type': 'application/json' };

const NAMED = 'the message names the inputs that are wanted';
const refused = (message: RegExp): Expected => ({
  status: 400,
  contains: { message },
  headers: { ...NOT_FAILED, 'content-type': 'application/json' },
});

const AN_OBJECT = /JSON (dictionary|object)|must be an object/;
const named = (input: string) => new RegExp(`['"]${input}['"]|input\\.${input} `);

/** The body of one input `x`, for all that can have a schema. */
const identity = (
  name: string,
  body: string | Buffer,
  expected: Expected,
  more: { readonly ours?: readonly Difference[]; readonly runtimes?: Row['runtimes'] } = {},
): Row => ({
  name,
  fixture: 'identity',
  runtimes: more.runtimes ?? ALL,
  request: { method: 'POST', path: '/score', headers: JSON_TYPE, body },
  expected,
  ours: more.ours,
});

/** Bodies for two parameters, `count` and, with a default, `label`. */
const parameters = (name: string, body: object, expected: Expected, more: Partial<Row> = {}): Row => ({
  name,
  fixture: 'parameters',
  runtimes: SCRIPTS,
  request: { method: 'POST', path: '/score', body },
  expected,
  ...more,
});

const bodies: readonly Row[] = [
  identity('an object with the input is scored', '{"x":[[1,2,3]]}', { status: 200, json: { y: [[1, 2, 3]] } }),
  identity('several rows are scored', '{"x":[[1,2,3],[4,5,6]]}', {
    status: 200,
    json: {
      y: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    },
  }),
  identity('no row is scored to none', '{"x":[]}', { status: 200, json: { y: [] } }, { runtimes: SCRIPTS }),
  identity('numbers are read in every spelling of JSON', '{"x":[[1e2,-0.5,25E-1]]}', {
    status: 200,
    json: { y: [[100, -0.5, 2.5]] },
  }),
  identity('of a repeated member the last one counts', '{"x":[[9,9,9]],"x":[[1,2,3]]}', {
    status: 200,
    json: { y: [[1, 2, 3]] },
  }),
  identity('space around the JSON is skipped', ' \n{ "x" : [ [ 1 , 2 , 3 ] ] }\t', { status: 200, json: { y: [[1, 2, 3]] } }),
  identity('a byte order mark is skipped', '\ufeff{"x":[[1,2,3]]}', { status: 200, json: { y: [[1, 2, 3]] } }),
  identity(
    'UTF-16 is recognised',
    Buffer.from('{"x":[[1,2,3]]}', 'utf16le'),
    { status: 200, json: { y: [[1, 2, 3]] } },
    {
      ours: [
        {
          runtimes: ['javascript', 'onnx'],
          status: 400,
          contains: { message: /./ },
          because: 'JSON between systems is UTF-8 (RFC 8259)',
        },
      ],
    },
  ),
  identity('an empty body is refused', '', refused(/empty/i)),
  identity('what is no JSON is refused', '{"x":', refused(/JSON/)),
  identity(
    'what is no JSON is refused with the place of the fault',
    '{"x":[[1,2,oops]]}',
    refused(/JSON.*(char|position) \d+|JSON.*is not valid JSON/),
  ),
  identity('a list is refused', '[[1,2,3]]', refused(AN_OBJECT)),
  identity('a number is refused', '5', refused(AN_OBJECT)),
  identity('null is refused', 'null', refused(AN_OBJECT)),
  identity('an object without the input is refused and the input is named', '{}', refused(named('x'))),
  identity('an object with other inputs only is refused', '{"z":1}', refused(named('x'))),
  identity(
    'a further member is ignored',
    '{"x":[[1,2,3]],"z":1}',
    { status: 200, json: { y: [[1, 2, 3]] } },
    {
      ours: [
        {
          runtimes: ['onnx'],
          status: 400,
          contains: { message: /"z"/ },
          because: `a misspelt input would go unnoticed: ${NAMED}`,
        },
      ],
    },
  ),
  identity(
    'the member `__proto__` is one like any other',
    '{"x":[[1,2,3]],"__proto__":{"x":5}}',
    { status: 200, json: { y: [[1, 2, 3]] } },
    {
      ours: [
        {
          runtimes: ['onnx'],
          status: 400,
          contains: { message: /__proto__/ },
          because: `a misspelt input would go unnoticed: ${NAMED}`,
        },
      ],
    },
  ),
  identity(
    'a text in place of numbers',
    '{"x":"abc"}',
    { status: 500, json: FAILED, headers: { 'x-ms-run-function-failed': 'True' } },
    {
      ours: [
        {
          runtimes: ['javascript', 'onnx'],
          status: 400,
          contains: { message: /x/ },
          headers: NOT_FAILED,
          because: 'the caller’s fault, and nothing to wake anybody for: the message names the input',
        },
      ],
    },
  ),
  identity(
    'rows of unequal lengths',
    '{"x":[[1,2,3],[4]]}',
    { status: 500, json: FAILED, headers: { 'x-ms-run-function-failed': 'True' } },
    {
      ours: [
        {
          runtimes: ['javascript'],
          status: 200,
          json: { y: [[1, 2, 3], [4]] },
          headers: NOT_FAILED,
          because: 'an array of JavaScript holds rows of any lengths: its script may want them',
        },
        {
          runtimes: ['onnx'],
          status: 400,
          contains: { message: /x/ },
          headers: NOT_FAILED,
          because: 'the caller’s fault, and nothing to wake anybody for: the message names the input',
        },
      ],
    },
  ),
  identity(
    'NaN in the body',
    '{"x":[[NaN,2,3]]}',
    { status: 200, text: '{"y": [[NaN, 2.0, 3.0]]}' },
    { ours: [{ runtimes: ['javascript', 'onnx'], status: 400, contains: { message: /JSON/ }, because: 'NaN is no JSON' }] },
  ),
];

const several: readonly Row[] = [
  parameters('each parameter gets its member', { count: 2, label: 'b' }, { status: 200, json: { count: 2, label: 'b' } }),
  parameters(
    'a parameter with a default may be missing',
    { count: 2 },
    { status: 200, json: { count: 2, label: 'none' } },
    { runtimes: PYTHON },
  ),
  parameters('a parameter without one may not', { label: 'b' }, refused(named('count'))),
  parameters('further members are ignored', { count: 2, label: 'b', other: 1 }, { status: 200, json: { count: 2, label: 'b' } }),
  parameters(
    'another type than the sample’s',
    { count: 'two', label: 'b' },
    { status: 500, json: FAILED, headers: { 'x-ms-run-function-failed': 'True' } },
    {
      ours: [
        {
          runtimes: ['javascript'],
          status: 400,
          contains: { message: /count/ },
          headers: NOT_FAILED,
          because: 'the caller’s fault, and nothing to wake anybody for: the message names the input',
        },
      ],
    },
  ),
  parameters(
    'letters of a text are kept',
    { count: 1, label: 'ü\u0000"' },
    { status: 200, json: { count: 1, label: 'ü\u0000"' } },
  ),
  {
    name: 'an integer of 19 digits is exact',
    fixture: 'parameters',
    runtimes: PYTHON,
    request: { method: 'POST', path: '/score', headers: JSON_TYPE, body: '{"count":9223372036854775807}' },
    expected: { status: 200, text: '{"count": 9223372036854775807, "label": "none"}' },
  },
  {
    name: 'GET fills the parameters from the query',
    fixture: 'parameters',
    runtimes: SCRIPTS,
    request: { method: 'GET', path: '/score?count=3&label=c' },
    expected: { status: 200, json: { count: 3, label: 'c' } },
  },
  {
    name: 'GET without a parameter is refused',
    fixture: 'parameters',
    runtimes: SCRIPTS,
    request: { method: 'GET', path: '/score' },
    expected: refused(named('count')),
  },
];

/** Which calls of the body are taken, with a schema and without. */
const TYPED: ReadonlyArray<readonly [type: string | undefined, taken: boolean]> = [
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['APPLICATION/JSON', true],
  ['application/vnd.api+json', true],
  ['text/plain', false],
  ['application/octet-stream', false],
  ['', false],
  [undefined, false],
];

const LENIENT = 'a body that is called nothing, or a form as by curl -d, is read as JSON: the first try works';

const contentTypes = TYPED.map(([type, taken]): Row => ({
  name: `with a schema, a body called ${JSON.stringify(type) ?? 'nothing'} is ${taken ? 'read' : 'not read'}`,
  fixture: 'identity',
  runtimes: ALL,
  request: {
    method: 'POST',
    path: '/score',
    headers: type === undefined ? {} : { 'Content-Type': type },
    body: '{"x":[[1,2,3]]}',
  },
  expected: taken
    ? { status: 200, json: { y: [[1, 2, 3]] } }
    : { status: 415, json: { message: 'Expects Content-Type to be application/json' }, headers: NOT_FAILED },
  ours: taken ? undefined : [leniency(type)],
}));

/** Raw bytes are a tensor where a model takes one; everything else is tried as JSON. */
function leniency(type: string | undefined): Difference {
  const runtimes: Difference['runtimes'] = type === undefined || type === '' ? ALL : ['onnx'];
  if (type === 'application/octet-stream') {
    return {
      runtimes: ['onnx'],
      status: 400,
      contains: { message: /./ },
      because: 'bytes are read as the tensor’s elements, of which these are not enough',
    };
  }
  const because = type === 'text/plain' ? 'a model takes JSON only, whatever it is called' : LENIENT;
  return { runtimes, status: 200, json: { y: [[1, 2, 3]] }, because };
}

const untyped = ['application/json', 'text/plain', 'application/octet-stream', undefined].map((type): Row => ({
  name: `without a schema, a body called ${JSON.stringify(type) ?? 'nothing'} is given to run`,
  fixture: 'undecorated',
  runtimes: PYTHON,
  request: { method: 'POST', path: '/score', headers: type === undefined ? {} : { 'Content-Type': type }, body: '{"a":1}' },
  expected: { status: 200, json: { type: 'str', data: '{"a":1}' } },
}));

const forms: readonly Row[] = [
  {
    name: 'a body that curl -d calls a form, without a schema',
    fixture: 'undecorated',
    runtimes: PYTHON,
    request: {
      method: 'POST',
      path: '/score',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: '{"a":1}',
    },
    expected: { status: 200, json: { type: 'str', data: '' } },
    ours: [
      { json: { type: 'str', data: '{"a":1}' }, because: 'the form parser took the body away; a first try with curl -d works' },
    ],
  },
  {
    name: 'a body that curl -d calls a form, with a schema',
    fixture: 'identity',
    runtimes: ALL,
    request: {
      method: 'POST',
      path: '/score',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: '{"x":[[1,2,3]]}',
    },
    expected: { status: 415, json: { message: 'Expects Content-Type to be application/json' } },
    ours: [{ status: 200, json: { y: [[1, 2, 3]] }, because: LENIENT }],
  },
  {
    name: 'a GET’s content type does not matter',
    fixture: 'identity',
    runtimes: ALL,
    request: { method: 'GET', path: '/score?x=[[1,2,3]]', headers: { 'Content-Type': 'text/plain' } },
    expected: { status: 200, json: { y: [[1, 2, 3]] } },
  },
];

export const schema: Table = {
  title: 'Schemas and content types',
  rows: [...bodies, ...several, ...contentTypes, ...untyped, ...forms],
};
