import { Expected, Row, Table } from '../row';
import { PYTHON } from './runtimes';

const FAILED: Expected = {
  status: 500,
  json: { message: 'An unexpected error occurred in scoring script. Check the logs for more info.' },
  headers: { 'x-ms-run-function-failed': 'True' },
};

/** `answer` is an answer, or the JSON of one with status 200. */
const python =
  (fixture: string) =>
  (name: string, body: object, answer: object): Row => ({
    name,
    fixture,
    runtimes: PYTHON,
    request: { method: 'POST', path: '/score', body },
    expected: isAnswer(answer) ? answer : { status: 200, json: answer },
  });

const isAnswer = (answer: object): answer is Expected => 'status' in answer;

const array = (dtype: string, values: unknown) => ({ type: 'ndarray', value: { dtype, values } });
const type = python('types');
const frame = python('frames');
const powerBi = python('power-bi');

const numpy: readonly Row[] = [
  type('numpy: a list becomes an array of the sample’s type', { ints: [1, 2, 3] }, { ints: array('int64', [1, 2, 3]) }),
  type('numpy: fractions are cut off for a sample of integers', { ints: [1.9] }, { ints: array('int64', [1]) }),
  type(
    'numpy: integers are taken for a sample of reals',
    {
      square: [
        [1, 2],
        [3, 4],
      ],
    },
    {
      square: array('float64', [
        [1, 2],
        [3, 4],
      ]),
    },
  ),
  type('numpy: the first dimension is free', { square: [[1, 2]] }, { square: array('float64', [[1, 2]]) }),
  type('numpy: the others are not', { square: [[1, 2, 3]] }, FAILED),
  type('numpy: another rank is refused', { square: [1, 2] }, FAILED),
  type('numpy: text for a sample of reals is refused', { square: [['a', 'b']] }, FAILED),
  type('numpy: without enforcement everything is taken', { free: [['a', 'b', 'c']] }, { free: array('<U1', [['a', 'b', 'c']]) }),
  type(
    'numpy: structures are taken as objects',
    { pairs: [{ name: 'x', size: 2 }] },
    { pairs: array("[('name', '<U8'), ('size', '<i4')]", [['x', 2]]) },
  ),
  type(
    'numpy: structures are taken as lists',
    { pairs: [['x', 2]] },
    { pairs: array("[('name', '<U8'), ('size', '<i4')]", [['x', 2]]) },
  ),
];

const standard: readonly Row[] = [
  type('standard types: bytes are base64', { blob: 'aGVsbG8=' }, { blob: { type: 'bytes', value: 'hello' } }),
  type(
    'standard types: a moment is parsed',
    { moment: '2026-05-06T07:08:09' },
    { moment: { type: 'datetime', value: '2026-05-06T07:08:09' } },
  ),
  type('standard types: what is no moment is refused', { moment: 'soon' }, FAILED),
  type('standard types: a time is parsed', { time: '07:08:09' }, { time: { type: 'time', value: '07:08:09' } }),
  type('standard types: an integer is taken for a real', { real: 2 }, { real: { type: 'int', value: 2 } }),
  type('standard types: a text is not', { real: '2' }, FAILED),
  type('standard types: a boolean', { flag: true }, { flag: { type: 'bool', value: true } }),
  type('standard types: a number is no boolean', { flag: 1 }, FAILED),
  type('standard types: a list', { list: [1, 'a', null] }, { list: { type: 'list', value: [1, 'a', null] } }),
  type('standard types: a number is no list', { list: 5 }, FAILED),
  type(
    'standard types: an object whose members have types',
    { nested: { inner: [1, 2], name: 'a' } },
    { nested: { type: 'dict', value: { inner: { dtype: 'float64', values: [1, 2] }, name: 'a' } } },
  ),
  type('standard types: a text is no such object', { nested: 'a' }, FAILED),
  {
    name: 'standard types: GET fills a list from a repeated key',
    fixture: 'types',
    runtimes: PYTHON,
    request: { method: 'GET', path: '/score?list=1&list=2' },
    expected: { status: 200, json: { list: { type: 'list', value: [1, 2] } } },
  },
];

const ADA = { types: ['int64', 'text', 'float64'], rows: [['1', 'a', '2.5']] };
const pandas: readonly Row[] = [
  frame(
    'pandas: records',
    {
      records: [
        { age: 1, name: 'a', height: 2.5 },
        { age: 2, name: 'b', height: 3 },
      ],
    },
    {
      records: {
        types: ['int64', 'text', 'float64'],
        rows: [
          ['1', 'a', '2.5'],
          ['2', 'b', '3.0'],
        ],
      },
    },
  ),
  frame('pandas: split', { split: { columns: ['age', 'name', 'height'], index: [0], data: [[1, 'a', 2.5]] } }, { split: ADA }),
  frame('pandas: index', { index: { row: { age: 1, name: 'a', height: 2.5 } } }, { index: ADA }),
  frame('pandas: columns', { columns: { age: { '0': 1 }, name: { '0': 'a' }, height: { '0': 2.5 } } }, { columns: ADA }),
  frame(
    'pandas: values',
    {
      values: [
        [1, 2],
        [3, 4],
      ],
    },
    {
      values: {
        types: ['int64', 'int64'],
        rows: [
          ['1', '2'],
          ['3', '4'],
        ],
      },
    },
  ),
  frame(
    'pandas: table',
    {
      table: {
        schema: {
          fields: [
            { name: 'age', type: 'integer' },
            { name: 'name', type: 'string' },
            { name: 'height', type: 'number' },
          ],
          pandas_version: '1.4.0',
        },
        data: [{ age: 1, name: 'a', height: 2.5 }],
      },
    },
    { table: ADA },
  ),
  frame(
    'pandas: dates and durations',
    { dated: [{ when: '2026-03-04T00:00:00.000', took: '2 days' }] },
    { dated: { types: ['datetime64', 'timedelta64'], rows: [['2026-03-04', '2 days']] } },
  ),
  frame(
    'pandas: integers are taken for a column of reals',
    { records: [{ age: 1, name: 'a', height: 2 }] },
    { records: { ...ADA, rows: [['1', 'a', '2.0']] } },
  ),
  frame('pandas: a missing column is refused', { records: [{ age: 1, name: 'a' }] }, FAILED),
  frame('pandas: text in a column of integers is refused', { records: [{ age: 'x', name: 'a', height: 1 }] }, FAILED),
  frame('pandas: what is no frame is refused', { records: 5 }, FAILED),
  frame(
    'pandas: without enforcement everything is taken',
    { loose: [{ age: 'x' }] },
    { loose: { types: ['text'], rows: [['x']] } },
  ),
];

const ROWS = {
  input1: [
    { age: 1, height: 2 },
    { age: 3, height: 4 },
  ],
};
const powerBiForm: readonly Row[] = [
  powerBi('Power BI: Inputs and GlobalParameters', { Inputs: ROWS, GlobalParameters: { factor: 2 } }, { Results: [6, 14] }),
  powerBi('Power BI: GlobalParameters may be missing', { Inputs: ROWS }, { Results: [3, 7] }),
  powerBi(
    'Power BI: Inputs may not',
    { GlobalParameters: { factor: 2 } },
    {
      status: 400,
      json: { message: "A value is not provided for the 'Inputs' parameter." },
    },
  ),
  powerBi('Power BI: names are case-sensitive', { inputs: ROWS }, { status: 400, contains: { message: /'Inputs'/ } }),
  powerBi('Power BI: a frame of other columns is refused', { Inputs: { input1: [{ age: 1 }] } }, FAILED),
];

export const types: Table = { title: 'Types of InferenceSchema', rows: [...numpy, ...standard, ...pandas, ...powerBiForm] };
