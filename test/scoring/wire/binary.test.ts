import * as fc from 'fast-check';
import { ElementType, TensorSignature } from '../../../src/scoring/tensor/signature';
import { PlainTensor } from '../../../src/scoring/tensor/plain-tensor';
import { FIXED_TYPES, tensors } from './arbitraries';
import { bytesOf, floats, model, refusal, score } from './requests';

const raw = { contentType: 'application/octet-stream' };
const f32 = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const ask = (accept: string) => ({ ...raw, accept });
/** Encodes an output as the answer to some request. */
const encode = (tensor: PlainTensor, accept: string) =>
  score(model([['x', 'float32', ['N']]], [['y', tensor.type as ElementType, []]]), '{"x":[1]}', { accept }).encode([
    ['y', tensor],
  ]);

describe('the bytes of one tensor', () => {
  test.each(FIXED_TYPES)('a %s tensor survives the way out and back', type => {
    fc.assert(
      fc.property(tensors(type), fc.nat({ max: 8 }), (tensor, offset) => {
        const answer = encode(tensor, 'application/octet-stream');
        const bytes = bytesOf(answer);
        // at any alignment
        const body = Buffer.from(new ArrayBuffer(bytes.length + offset), offset);
        bytes.copy(body);
        const query = `?shape=${answer.headers?.[5]}`;
        if (body.length > 0) expect(score(model([['x', type, tensor.dims]]), body, raw).inputs.get('x')).toEqual(tensor);
        const { inputs } = score(model([['x', type, tensor.dims.map(() => '')]]), body, { ...raw, query });
        expect(inputs.get('x')).toEqual(tensor);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    [0, true],
    [4, true],
    [2, false],
  ])('bytes at offset %d are a view: %s', (offset, view) => {
    const body = Buffer.from(new ArrayBuffer(8 + offset), offset);
    f32(1, 2).copy(body);

    const tensor = score(model([['x', 'float32', ['N']]]), body, raw).inputs.get('x');

    expect(tensor).toEqual(floats([2], 1, 2));
    expect((tensor?.data as Float32Array).buffer === body.buffer).toBe(view);
  });

  test.each<[TensorSignature['shape'], string | undefined, number, number[]]>([
    [[2, 3], undefined, 6, [2, 3]],
    [['N', 3], undefined, 6, [2, 3]],
    [['N', 3], '?shape=1,3', 3, [1, 3]],
    [['', ''], '?shape=3,2', 6, [3, 2]],
    [[], undefined, 1, []],
    [[], '?shape=', 1, []],
    [[], '?shape=2,1', 2, [2, 1]],
    [['N'], '?shape=0', 0, [0]],
  ])('for %j and %s a body of %d floats has the shape %j', (shape, query, count, dims) => {
    const body = f32(...new Array<number>(count).fill(1));

    expect(score(model([['x', 'float32', shape]]), body, { ...raw, query }).inputs.get('x')?.dims).toEqual(dims);
  });

  test.each<[TensorSignature['shape'], string | undefined, Buffer, string]>([
    [[2], undefined, f32(1), 'input "x": the shape [2] of float32 takes 8 bytes, but there are 4'],
    [['N', 2], undefined, f32(1, 2, 3), 'input "x" takes [N,2] of float32: 12 bytes are no multiple of 8'],
    [['N'], undefined, Buffer.alloc(0), 'The body is empty; input "x" takes [N] of float32'],
    [['N', 'M'], undefined, f32(1), 'input "x" takes [N,M], so the bytes alone do not tell its shape: add it, as in ?shape='],
    [['', 0], undefined, f32(1), 'the shape [0,0] of float32 takes 0 bytes, but there are 4'],
    [[], undefined, f32(1, 2), 'so the bytes alone do not tell its shape'],
    [['N', 2], '?shape=2', f32(1, 2), 'input "x": its shape is [2], but the model takes [N,2]'],
    [['N', 'N'], '?shape=1,2', f32(1, 2), 'dimension 1 is 2, but "N" is already 1 before'],
    [['N'], '?shape=-1', f32(1), 'The query\'s shape is "-1"; it must be sizes'],
    [['N'], '?shape=1.0', f32(1), 'The query\'s shape is "1.0"'],
    [['N'], '?shape=9999999999', f32(1), 'a shape is a list of sizes from 0 to 2147483647'],
    [['N'], `?shape=${'1,'.repeat(5000)}1`, f32(1), 'The query\'s shape is "1,1,'],
    [['N'], '?shape=2', f32(1), 'the shape [2] of float32 takes 8 bytes, but there are 4'],
  ])('for %j and %s is refused where it does not fit', (shape, query, body, text) => {
    const refused = refusal(() => score(model([['x', 'float32', shape]]), body, { ...raw, query }));

    expect(refused).toEqual({ status: 400, text: expect.stringContaining(text) });
  });

  test('other bytes than 0 and 1 are no truth values', () => {
    const signature = model([['x', 'bool', ['N']]]);

    expect(refusal(() => score(signature, Buffer.from([0, 1, 2]), raw)).text).toBe(
      'input "x": element 2 is the byte 2; a bool is 0 or 1',
    );
  });

  test('a model with several inputs or with strings is pointed to what carries them', () => {
    const two = refusal(() =>
      score(
        model([
          ['a', 'float32', [1]],
          ['b', 'float32', [1]],
        ]),
        f32(1),
        raw,
      ),
    );
    const strings = refusal(() => score(model([['s', 'string', [1]]]), f32(1), raw));

    expect(two).toEqual({ status: 415, text: expect.stringContaining('Open Inference Protocol') });
    expect(strings).toEqual({ status: 415, text: 'A binary body cannot carry input "s", which takes strings. Send JSON.' });
  });

  test('an answer tells the name, type and shape of its output in headers', () => {
    const signature = model([['x', 'float32', ['N']]], [['ü b', 'float32', ['N']]]);
    const answer = score(signature, f32(1), ask('application/octet-stream')).encode([['ü b', floats([1, 2], 3, 4)]]);

    expect(answer.contentType).toBe('application/octet-stream');
    expect(answer.headers).toEqual(['X-Output-Name', '%C3%BC%20b', 'X-Output-Type', 'float32', 'X-Output-Shape', '1,2']);
    expect(bytesOf(answer)).toEqual(f32(3, 4));
  });

  test.each(['application/octet-stream', 'application/x-npy', 'application/octet-stream, */*;q=0.1'])(
    'an answer in %s carries one output that holds no strings',
    accept => {
      const signature = model(
        [['x', 'float32', ['N']]],
        [
          ['label', 'string', ['N']],
          ['scores', 'float32', ['N']],
        ],
      );

      expect(refusal(() => score(signature, f32(1), ask(accept)))).toEqual({
        status: 406,
        text: expect.stringContaining('?output=<name>'),
      });
      const query = '?output=label';
      expect(refusal(() => score(signature, f32(1), { ...ask(accept), query }))).toEqual({
        status: 406,
        text: expect.stringContaining('The output "label" holds strings'),
      });
      expect(score(signature, f32(1), { ...ask(accept), query: '?output=scores' }).outputNames).toEqual(['scores']);
    },
  );
});
