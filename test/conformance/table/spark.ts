import { Expected, Row, Table } from '../row';
import { PYTHON } from './runtimes';

const FAILED: Expected = {
  status: 500,
  json: { message: 'An unexpected error occurred in scoring script. Check the logs for more info.' },
  headers: { 'x-ms-run-function-failed': 'True' },
};

const row = (name: string, body: object, expected: Expected): Row => ({
  name,
  fixture: 'spark',
  runtimes: PYTHON,
  request: { method: 'POST', path: '/score', body },
  expected,
});

const frame = (parameter: string, schema: string, rows: unknown): Expected => ({
  status: 200,
  json: { [parameter]: { schema: `struct<${schema}>`, rows } },
});

const PERSON = 'age:bigint,name:string,height:double';
const ADA = { age: 1, name: 'a', height: 2.5 };
const PARSED = { day: '2026-03-04', moment: '2026-03-04T05:06:07', price: '12.30', blob: 'aGVsbG8=' };

/** Rows that need PySpark and Java: apart from the others, as not every machine with Python has them. */
export const spark: Table = {
  title: 'Data frames of Spark',
  rows: [
    row('rows become a frame of the sample’s types', { rows: [ADA] }, frame('rows', PERSON, [['1', 'a', '2.5']])),
    row('an empty list for an optional parameter stays a list', { rows: [] }, { status: 200, json: { rows: [] } }),
    row('further columns are left out', { rows: [{ ...ADA, other: 1 }] }, frame('rows', PERSON, [['1', 'a', '2.5']])),
    row('null is taken for a value', { rows: [{ ...ADA, name: null }] }, frame('rows', PERSON, [['1', 'None', '2.5']])),
    row('a missing column is refused', { rows: [{ age: 1, name: 'a' }] }, FAILED),
    row('text in a column of integers is refused', { rows: [{ ...ADA, age: 'x' }] }, FAILED),
    row('an integer in a column of reals is refused', { rows: [{ ...ADA, height: 2 }] }, FAILED),
    row('what is no list is refused', { rows: ADA }, FAILED),
    row(
      'dates, moments, decimals and bytes are read from text',
      { parsed: [PARSED] },
      frame('parsed', 'day:date,moment:timestamp,price:decimal(5,2),blob:binary', [
        ['2026-03-04', '2026-03-04 05:06:07', '12.30', 'hello'],
      ]),
    ),
    row('what is no date is refused', { parsed: [{ ...PARSED, day: 'soon' }] }, FAILED),
    row(
      'lists and maps',
      { nested: [{ list: [1, 2, 3], map: { a: 1.5 } }] },
      frame('nested', 'list:array<bigint>,map:map<string,double>', [[[1, 2, 3], { a: 1.5 }]]),
    ),
    row(
      'without the sample’s schema the types are those of the values',
      { loose: [{ age: 'x', name: 1 }] },
      frame('loose', 'age:string,name:bigint', [['x', '1']]),
    ),
    {
      name: 'Swagger describes the columns, with the sample as the example',
      fixture: 'spark',
      runtimes: PYTHON,
      request: { method: 'GET', path: '/swagger.json' },
      expected: {
        status: 200,
        contains: {
          definitions: {
            ServiceInput: {
              type: 'object',
              properties: {
                rows: {
                  type: 'array',
                  items: {
                    type: 'object',
                    properties: {
                      age: { type: 'integer', format: 'int64' },
                      name: { type: 'string' },
                      height: { type: 'number', format: 'double' },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  ],
};
