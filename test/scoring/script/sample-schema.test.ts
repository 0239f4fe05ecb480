import * as fc from 'fast-check';
import { faultOf, inferSchema, swaggerSchema } from '../../../src/scoring/script/sample-schema';

describe('the schema of a sample', () => {
  test('fits the sample itself, and is written in OpenAPI 3 at least', () => {
    fc.assert(
      fc.property(fc.jsonValue(), sample => {
        const schema = inferSchema(sample, 'sample');

        expect(faultOf(schema, sample, 'input')).toBeUndefined();
        expect(swaggerSchema(schema, '3')).toBeDefined();
      }),
    );
  });

  test('says of any value whether it fits, and where it does not', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (sample, value) => {
        const fault = faultOf(inferSchema(sample, 'sample'), value, 'input');

        if (fault !== undefined) expect(fault).toMatch(/^input/);
      }),
    );
  });

  test('takes nested arrays that mix types for one mixture', () => {
    const schema = inferSchema([[1, 'a'], [true, 2], ['b']], 'sample');

    expect(swaggerSchema(schema, '2')).toBeUndefined();
    expect(faultOf(schema, [['c', 1.5]], 'input')).toBe(
      'input[0][1] must be an integer (int64) or a string or a boolean, not 1.5',
    );
  });

  test.each([
    [{ a: undefined }, 'sample.a is undefined'],
    [[Symbol('x')], 'sample[0] is symbol'],
  ])('has no words for what has no JSON form', (sample, message) => {
    expect(() => inferSchema(sample, 'sample')).toThrow(message);
  });
});
