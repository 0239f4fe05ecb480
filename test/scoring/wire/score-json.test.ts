import { wireError } from '../../../src/scoring/wire/decode';
import { bytesOf, floats, model, refusal, score } from './requests';

const one = model([['x', 'float32', ['N']]]);

describe('JSON to /score', () => {
  test.each([
    undefined,
    '',
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/x-www-form-urlencoded',
    'text/plain',
  ])('is read whatever the content type %s says', contentType => {
    expect(score(one, '{"x":[1,2]}', { contentType }).inputs.get('x')).toEqual(floats([2], 1, 2));
  });

  test.each(['multipart/form-data; boundary=x', 'image/png', 'audio/wav', 'video/mp4'])('%s is refused with 415', contentType => {
    const { status, text } = refusal(() => score(one, '{"x":[1]}', { contentType }));

    expect(status).toBe(415);
    expect(text).toContain('Send tensors as application/json, application/octet-stream or application/x-npy');
  });

  test('is answered with all outputs by name', () => {
    const signature = model(
      [['x', 'float32', ['N']]],
      [
        ['y', 'float32', []],
        ['label', 'string', ['N']],
      ],
    );
    const decoded = score(signature, '{"x":[1]}');

    expect(decoded.outputNames).toEqual(['y', 'label']);
    const answer = decoded.encode([
      ['y', floats([], 0.1)],
      ['label', { type: 'string', dims: [1], data: ['ñ"'] }],
    ]);
    expect(answer.contentType).toBe('application/json');
    expect(bytesOf(answer).toString()).toBe('{"y":0.1,"label":["ñ\\""]}');
  });

  test('outputs can be chosen by the query, in its order', () => {
    const signature = model(
      [['x', 'float32', ['N']]],
      [
        ['a', 'float32', []],
        ['b', 'float32', []],
        ['c d', 'float32', []],
      ],
    );

    expect(score(signature, '{"x":[1]}', { query: '?output=c%20d&output=a' }).outputNames).toEqual(['c d', 'a']);
    expect(score(signature, '{"x":[1]}', { query: '?' }).outputNames).toEqual(['a', 'b', 'c d']);
    expect(score(signature, '{"x":[1]}', { query: '?other=1' }).outputNames).toEqual(['a', 'b', 'c d']);
  });

  test.each([
    ['?output=z', 'there is no output "z"; there are "y"'],
    ['?output=y&output=y', 'the request asks for 2 outputs, but this model has 1'],
    ['?output=map', 'the output "map" is no tensor and is not served'],
    ['?output=__proto__', 'there is no output "__proto__"'],
  ])('the outputs of %s are refused', (query, text) => {
    const signature = { ...one, skippedOutputs: ['map'] };

    expect(refusal(() => score(signature, '{"x":[1]}', { query }))).toEqual({ status: 400, text: expect.stringContaining(text) });
  });

  test.each([
    undefined,
    '*/*',
    'text/html',
    'application/json, text/plain, */*',
    'application/octet-stream;q=0',
    'application/octet-stream;q=0.5, */*',
    '',
  ])('is answered in JSON to the Accept %s', accept => {
    expect(score(one, '{"x":[1]}', { accept }).encode([['y', floats([1], 1)]]).contentType).toBe('application/json');
  });

  test('an error says in the form of its protocol what is wrong', () => {
    expect(wireError('azureml', 'a "b"').toString()).toBe('{"message":"a \\"b\\""}');
    expect(wireError('oip', 'a').toString()).toBe('{"error":"a"}');
  });
});
