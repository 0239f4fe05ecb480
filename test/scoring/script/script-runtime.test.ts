import { cleanUp, folderOf, loadText, ScriptProcess } from './support/script-process';

const STRIPS_TYPES = typeof (process.features as { typescript?: unknown }).typescript === 'string';
const withTypes = STRIPS_TYPES ? test : test.skip;
const withoutTypes = STRIPS_TYPES ? test.skip : test;

afterAll(cleanUp);

describe('a script', () => {
  test('in CommonJS answers what run returns, with its input and context', async () => {
    const script = await ScriptProcess.load('echo.cjs');

    const answer = await script.score({ body: '{"a":[1]}', headers: { 'x-request-id': 'id-1', 'x-caller': 'me' } });

    expect(answer.json).toEqual({ input: { a: [1] }, requestId: 'id-1', caller: 'me' });
    expect(answer.whole).toMatchObject({ status: 200, runFailed: false, headers: ['content-type', 'application/json'] });
  });

  test('as an ES module gets its model in init, and scores with it', async () => {
    const modelDir = folderOf({ 'linear/3/weights.json': '[2, 1]' });
    const script = await ScriptProcess.load('linear.mjs', { modelDir: `${modelDir}/linear/3` });

    expect((await script.score({ body: '{"data":[[1,2],[3.5,4]],"label":"x"}' })).json).toEqual({ scores: [4, 11] });
    expect(script.logs).toContainEqual(expect.objectContaining({ level: 'info', message: 'loaded 2 weights' }));
  });

  withTypes('in TypeScript runs as it is', async () => {
    const script = await ScriptProcess.load('typed.ts');

    const answer = await script.score({ body: '{"name":"Ada"}', headers: { 'x-request-id': '7' } });

    expect(answer.json).toEqual({ text: 'Hello Ada', id: '7' });
  });

  withoutTypes('in TypeScript is refused by a Node.js that does not strip types, which says which one does', async () => {
    await expect(ScriptProcess.load('typed.ts')).rejects.toThrow(/ScriptError: .*TypeScript.*from 22\.18 on; this is v\d+/);
  });

  test('is given the query of a GET as an object', async () => {
    const script = await ScriptProcess.load('echo.cjs');

    const answer = await script.score({ method: 'GET', query: '?a=1&b=[2]&c=text&d=1&d=x' });

    expect(answer.json.input).toEqual({ a: 1, b: [2], c: 'text', d: [1, 'x'] });
  });
});

describe('loading a script', () => {
  test('names a file that is not there', async () => {
    await expect(ScriptProcess.load('absent.mjs')).rejects.toThrow(/ScriptError: The entry script 'absent\.mjs' is not in /);
  });

  test('refuses an ending that is no script', async () => {
    await expect(ScriptProcess.load('score.json')).rejects.toThrow(/must be one of \.js, \.cjs, \.mjs, \.ts/);
  });

  test('refuses a module without run, and lists what it exports', async () => {
    await expect(loadText('export const predict = 1;')).rejects.toThrow(/exports no run: .* It exports: predict\./);
  });

  test.each(['score.mjs', 'score.cjs'])('shows where the syntax error of %s is', async name => {
    const appRoot = folderOf({ [name]: 'const a = 1;\nconst b = (;\n' });

    await expect(ScriptProcess.load(name, { appRoot })).rejects.toThrow(new RegExp(`${name}:2\\n.*const b = \\(;`, 's'));
  });

  test("shows the script's own frames of an init that throws", async () => {
    const failure = loadText('export function run() {}\nexport async function init() {\n  throw new Error("no weights");\n}');

    await expect(failure).rejects.toThrow(/init of the entry script .*: Error: no weights\n\s+at init .*score\.mjs:3:9\)$/);
  });

  test('names a sample that has no JSON form', async () => {
    await expect(loadText('export const inputSample = { a: [() => 1] };\nexport function run() {}')).rejects.toThrow(
      /inputSample cannot be described: inputSample\.a\[0\] is function/,
    );
  });
});

describe('what run returns', () => {
  const result = async (expression: string) => {
    const script = await loadText(`export async function run() { return ${expression}; }`);
    return { answer: await script.score({ body: '{}' }), logs: script.logs };
  };

  test.each([
    ['undefined', 'null'],
    ['"text"', '"text"'],
    ['{ big: 9007199254740993n, list: [-1n] }', '{"big":9007199254740993,"list":[-1]}'],
    ['{ x: new Float64Array([1.5, 2]), y: new BigInt64Array([3n]), z: Buffer.from([7]) }', '{"x":[1.5,2],"y":[3],"z":[7]}'],
    ['new Map([["a", new Set([1])]])', '{"a":[1]}'],
    ['{ when: new Date(0), nan: NaN }', '{"when":"1970-01-01T00:00:00.000Z","nan":null}'],
    ['{ text: "integer-1" }', '{"text":"integer-1"}'],
  ])('%s is written as %s', async (expression, json) => {
    const { answer } = await result(expression);

    expect(answer.text).toBe(json);
    expect(answer.status).toBe(200);
  });

  test('is sent as bytes where it is bytes', async () => {
    const { answer } = await result('new Uint8Array([0, 1, 255]).subarray(1)');

    expect([...answer.body]).toEqual([1, 255]);
    expect(answer.header('content-type')).toEqual(['application/octet-stream']);
  });

  test('is sent as it is where it is a Response', async () => {
    const { answer } = await result('new Response("text", { status: 404, headers: { "x-a": "1" } })');

    expect(answer.status).toBe(404);
    expect(answer.text).toBe('text');
    expect(answer.header('x-a')).toEqual(['1']);
  });

  test.each([
    '(() => { const a = {}; a.a = a; return a; })()',
    '() => 1',
    '{ later: Promise.resolve(1) }',
    '(async function* () {})()',
  ])('is answered 500 and logged where it has no JSON form: %s', async expression => {
    const { answer, logs } = await result(expression);

    expect(answer.whole).toMatchObject({ status: 500, runFailed: false });
    expect(answer.json).toEqual({ message: 'An unexpected internal error occurred. Check the logs for more info.' });
    expect(logs).toContainEqual(expect.objectContaining({ level: 'error', message: expect.stringContaining('written as JSON') }));
  });
});

describe('a run that throws', () => {
  const thrown = async (expression: string) => {
    const script = await loadText(`export function run() {\n  throw ${expression};\n}`);
    return { answer: await script.score({ body: '{}' }), logs: script.logs };
  };

  test('is answered 500 without its text, which stands in the log with its line', async () => {
    const { answer, logs } = await thrown('new TypeError("secret detail")');

    expect(answer.whole).toMatchObject({ status: 500, runFailed: true });
    expect(answer.text).not.toContain('secret');
    expect(logs).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringMatching(/secret detail\n.*score\.mjs:2/) }),
    ]);
  });

  test.each(['status', 'statusCode'])('chooses the answer by an integer %s', async property => {
    const { answer } = await thrown(`Object.assign(new Error("no such id"), { ${property}: 404 })`);

    expect(answer.whole).toMatchObject({ status: 404, runFailed: false });
    expect(answer.json).toEqual({ message: 'no such id' });
  });

  test.each(['{ status: 200 }', '{ status: 404.5 }', '{ status: "404" }', '{ status: 600 }', '{ status: 502, expose: false }'])(
    'chooses nothing by %s',
    async properties => {
      const { answer } = await thrown(`Object.assign(new Error("inside"), ${properties})`);

      expect(answer.whole).toMatchObject({ status: 500, runFailed: true });
      expect(answer.text).not.toContain('inside');
    },
  );

  test.each([
    'undefined',
    '"text"',
    'Object.create(null)',
    '(() => { const e = new Error("a"); e.cause = e; return e; })()',
    'Object.defineProperty(new Error("a"), "status", { get() { throw new Error("b"); } })',
    'new Proxy(new Error("a"), { get() { throw new Error("b"); } })',
  ])('may throw anything at all: %s', async expression => {
    expect((await thrown(expression)).answer.whole).toMatchObject({ status: 500, runFailed: true });
  });

  test('scores again afterwards', async () => {
    const script = await loadText('export function run(input) { if (input.bad) throw new Error("bad"); return "good"; }');
    await script.score({ body: '{"bad":true}' });

    expect((await script.score({ body: '{}' })).text).toBe('"good"');
  });
});

describe('an input', () => {
  test.each([
    ['{"a":}', 'The body is not JSON: unexpected "}" at position 5 (line 1, column 6).'],
    ['{"a":1,\n 2}', 'The body is not JSON: unexpected "2" at position 9 (line 2, column 2).'],
    ['[1', 'The body is not JSON: it ends too early, at position 2 (line 1, column 3).'],
    ['', 'The body is empty; it must be JSON.'],
  ])('that is not JSON is refused with its place: %j', async (body, message) => {
    const answer = await (await ScriptProcess.load('echo.cjs')).score({ body });

    expect(answer.whole).toMatchObject({ status: 400, runFailed: false });
    expect(answer.json).toEqual({ message });
  });

  test('that is not UTF-8, or nests without end, is refused', async () => {
    const script = await ScriptProcess.load('echo.cjs');

    expect((await script.score({ body: Buffer.from([0x22, 0xff, 0x22]) })).json.message).toBe('The body is not UTF-8.');
    expect((await script.score({ body: '['.repeat(1_000_000) })).json.message).toBe('The body nests deeper than 512 levels.');
  });

  test.each([
    ['{"label":"x"}', 'input.data is missing'],
    ['{"data":[[1]],"label":5}', 'input.label must be a string, not 5'],
    ['{"data":[[1,2],[3,"4"]],"label":"x"}', 'input.data[1][1] must be a number (double), not "4"'],
    ['{"data":{"__proto__":[]},"label":"x"}', 'input.data must be an array, not an object'],
    ['null', 'input must be an object, not null'],
  ])('unlike the declared sample is refused with the field: %s', async (body, fault) => {
    const modelDir = folderOf({ 'linear/1/weights.json': '[1]' });
    const script = await ScriptProcess.load('linear.mjs', { modelDir });

    const answer = await script.score({ body, headers: { 'content-type': 'application/json; charset=utf-8' } });

    expect(answer.status).toBe(400);
    expect(answer.json.message).toBe(`The input is not like the declared sample: ${fault}.`);
  });

  test('of another content type is refused only where a sample is declared', async () => {
    const declared = await loadText('export const inputSample = { a: 1 };\nexport const run = input => input;');
    const undeclared = await ScriptProcess.load('echo.cjs');
    const request = { body: '{"a":1}', headers: { 'content-type': 'text/plain' } };

    expect((await declared.score(request)).whole).toMatchObject({ status: 415, runFailed: false });
    expect((await undeclared.score(request)).status).toBe(200);
  });

  test('may have more fields than the sample', async () => {
    const script = await loadText('export const inputSample = { a: 1 };\nexport const run = input => input;');

    expect((await script.score({ body: '{"a":2,"b":3}' })).json).toEqual({ a: 2, b: 3 });
  });
});

describe('a raw script', () => {
  let script: ScriptProcess;
  beforeAll(async () => {
    script = await ScriptProcess.load('raw.mjs');
  });

  test('sees the request as it came', async () => {
    const answer = await script.score({ method: 'OPTIONS', path: '/score', query: '?answer=request', body: 'any text' });

    expect(script.service.script?.raw).toBe(true);
    expect(answer.json).toEqual({ method: 'OPTIONS', url: '/score?answer=request', path: '/score', text: 'any text' });
  });

  test('reads JSON where it asks for it, and the caller hears where it is not', async () => {
    expect((await script.score({ query: '?answer=json', body: '{"a":1}' })).json).toEqual({ a: 1 });
    expect((await script.score({ query: '?answer=json', body: '{a' })).json.message).toContain('at position 1 ');
  });

  test('sets status and headers, but none of the connection', async () => {
    const answer = await script.score({ query: '?answer=headers' });

    expect(answer.status).toBe(202);
    expect(answer.whole.headers).toEqual(['content-type', 'text/csv', 'set-cookie', 'a=1', 'set-cookie', 'b=2']);
    expect(answer.text).toBe('a,b');
  });

  test('answers bytes, and a Response', async () => {
    expect([...(await script.score({ query: '?answer=bytes' })).body]).toEqual([0, 255]);
    const response = await script.score({ query: '?answer=response' });
    expect([response.status, response.json, response.header('x-kind')]).toEqual([201, { from: 'Response' }, ['web']]);
  });

  test('streams an iterable and a web stream piece by piece', async () => {
    const pieces = await script.score({ query: '?answer=pieces' });
    expect([pieces.whole.streamed, pieces.text, pieces.header('content-type')]).toEqual([true, 'one two', ['text/event-stream']]);
    expect((await script.score({ query: '?answer=web-stream' })).text).toBe('streamed');
  });

  test('ends a stream whose source fails with an error, and logs it', async () => {
    const answer = await script.score({ query: '?answer=broken' });

    expect(answer.text).toBe('begun');
    expect(answer.whole.streamError).toBe('the source dried up');
    expect(script.logs).toContainEqual(expect.objectContaining({ message: expect.stringContaining('the source dried up') }));
  });

  test('hears when the caller leaves a stream', async () => {
    await script.score({ query: '?answer=endless', pieces: 3 });

    for (let turn = 0; turn < 50 && script.stdout === ''; turn++) await new Promise(resolve => setTimeout(resolve, 20));
    expect(script.stdout).toContain('aborted');
    expect((await script.score({ query: '?answer=bytes' })).status).toBe(200);
  });

  test('that returns something else is answered 500, and the log says what is expected', async () => {
    const answer = await script.score();

    expect(answer.whole).toMatchObject({ status: 500, runFailed: false });
    expect(script.logs).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('returns { status, headers, body } or a Response') }),
    );
  });
});

describe('a script that misbehaves', () => {
  test('has a rejection that it forgot logged, and goes on', async () => {
    const script = await loadText('export function run() {\n  Promise.reject(new Error("forgotten"));\n  return 1;\n}');
    await script.score({ body: '{}' });

    expect((await script.score({ body: '{}' })).status).toBe(200);
    expect(script.logs).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringMatching(/forgotten\n.*score\.mjs:2/) }),
    );
  });
});
