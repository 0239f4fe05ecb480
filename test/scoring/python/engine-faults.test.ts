import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { describePython, TestEngine } from './engine-driver';

jest.setTimeout(90_000);

describePython('The Python engine', () => {
  let engine: TestEngine;
  const hostile = (action: string, body: string | Buffer = ''): ReturnType<TestEngine['score']> =>
    engine.score({ query: `?do=${action}`, body });

  beforeAll(async () => {
    engine = await TestEngine.loaded({ script: 'hostile.py', env: { SCORING_TIMEOUT_MS: '1000' } });
  });
  afterEach(async () => {
    expect(await hostile('answer')).toMatchObject({ status: 200, text: '"fine"' });
  });
  afterAll(() => engine.stop());

  test('answers 500 and logs the traceback when the script raises', async () => {
    const answer = await hostile('raise');
    expect(answer).toMatchObject({ status: 500, runFailed: true });
    expect(JSON.parse(answer.text)).toEqual({
      message: 'An unexpected error occurred in scoring script. Check the logs for more info.',
    });
    expect(answer.logs).toMatchObject([{ level: 'error', message: expect.stringContaining('ZeroDivisionError') as string }]);
  });

  test.each(['exit', 'interrupt', 'recurse'])('answers 500 to a script that would end it (%s)', async action => {
    const answer = await hostile(action);
    expect(answer).toMatchObject({ status: 500, runFailed: true });
    expect(answer.headers['x-ms-run-function-failed']).toBe('True');
    expect(answer.logs).toHaveLength(1);
  });

  test('answers 500 to a result that is not JSON', async () => {
    expect(await hostile('unserialisable')).toMatchObject({ status: 500, runFailed: false });
  });

  test('ends a run at its time limit and stays', async () => {
    const answer = await hostile('sleep', '30');
    expect(answer).toMatchObject({ status: 504, text: '{"message": "Scoring timeout after 1000 ms"}', runFailed: true });
  });

  test('keeps the pipe whole when the limit falls into a print', async () => {
    for (let round = 0; round < 2; round++) {
      const answer = await hostile('alarm');
      expect(answer).toMatchObject({ status: 504, text: '{"message": "Scoring timeout after 1000 ms"}' });
      expect(answer.logs.length).toBeGreaterThan(1);
    }
  });

  test('sends a streamed answer piece by piece', async () => {
    const answer = await hostile('stream', '3');
    expect(answer.pieces).toEqual(['piece 0\n', 'piece 1\n', 'piece 2\n']);
    expect(answer).toMatchObject({ status: 200, runFailed: false });
  });

  test('sends each piece before the script makes the next', async () => {
    const scratch = mkdtempSync(path.join(tmpdir(), 'stream-'));
    engine.send({ query: '?do=stepped-stream', body: path.join(scratch, 'go on') });
    expect((await engine.next()).head.type).toBe('begin');
    expect((await engine.next()).body.toString()).toBe('first');

    writeFileSync(path.join(scratch, 'go on'), '');
    expect((await engine.next()).body.toString()).toBe('second');
    expect((await engine.next()).head.type).toBe('end');
    rmSync(scratch, { recursive: true });
  });

  test('ends a stream that nobody wants any more, and lets the script clean up', async () => {
    engine.send({ query: '?do=endless-stream' });
    expect((await engine.next()).head.type).toBe('begin');
    engine.cancel();
    expect(await engine.answer()).toMatchObject({ runFailed: false, logs: [{ level: 'info', message: 'stream closed' }] });
    engine.cancel(); // too late is no harm
  });

  test('says that a stream broke', async () => {
    const answer = await hostile('breaking-stream', '2');
    expect(answer).toMatchObject({ pieces: ['piece 0\n', 'piece 1\n'], runFailed: true });
    expect(answer.logs[0].message).toContain('the stream broke');
  });

  test('carries bodies of many megabytes both ways', async () => {
    expect((await hostile('length', Buffer.alloc(20_000_001, 1))).text).toBe('20000001');
    expect((await hostile('big', '20000003')).bytes).toBe(20_000_003);
  });

  test('leaves the framing of the answer to the front', async () => {
    const { headers } = await hostile('wire');
    expect(headers).toHaveProperty('x-mine', '1');
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['connection']));
    for (const name of ['connection', 'transfer-encoding', 'content-length']) expect(headers).not.toHaveProperty(name);
  });

  test('logs what is not even text', async () => {
    const { text, logs } = await hostile('surrogate');
    expect([text, logs.length]).toEqual(['"printed"', 1]);
  });

  test('logs what the script logs without having configured logging', async () => {
    expect((await hostile('log')).logs).toEqual([{ level: 'warning', message: 'careful' }]);
  });

  test('does not hand its pipe to programs that the script starts', async () => {
    const descriptors = JSON.parse((await hostile('descriptors')).text) as string;
    expect(descriptors.match(/'(\d+)'/g)).toEqual(["'0'", "'1'", "'2'", "'3'"]); // 3 is the listing itself
  });

  test('does not mind that the script closes standard output', async () => {
    expect((await hostile('close')).text).toBe('"closed"');
  });

  test('cannot be sent a header that passes for another', async () => {
    const answer = await engine.score({
      query: '?do=answer',
      headers: { x_request_id: 'forged', 'x-request-id': 'true-id', 'transfer-encoding': 'chunked', 'content-length': '999999' },
    });
    expect(answer.headers['x-request-id']).toBe('true-id');
  });

  test('answers 404 and 405 as Microsoft does', async () => {
    expect(await engine.score({ path: '/elsewhere/%2e%2e' })).toMatchObject({ status: 404 });
    expect(await engine.score({ method: 'DELETE' })).toMatchObject({ status: 405 });
  });
});

/** Resolves once the process is no more than an entry that nobody has asked for. */
async function gone(pid: number): Promise<void> {
  const state = (): string => {
    try {
      return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
    } catch {
      return 'X';
    }
  };
  while (!['X', 'Z'].includes(state())) await new Promise(resolve => setTimeout(resolve, 20));
}

describePython('The life of a Python engine', () => {
  test('ends with exit code 0 when the front closes the pipe', async () => {
    const engine = await TestEngine.loaded({ script: 'echo.py' });
    expect(await engine.stop()).toBe(0);
  });

  test('lets the script fork, and keeps the pipe to itself', async () => {
    const engine = await TestEngine.loaded({ script: 'hostile.py' });
    const answer = await engine.score({ query: '?do=fork' });
    expect([answer.text, answer.logs]).toEqual(['[0, -15]', []]);
    await engine.stop();
  });

  test('goes on through the signals that a terminal sends to all, and ends with its programs when its front is gone', async () => {
    const engine = await TestEngine.loaded({ script: 'hostile.py' });
    const answer = engine.score({ query: '?do=sleep', body: '0.3' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) engine.child.kill(signal);
    expect((await answer).text).toBe('"slept"');

    const child = Number((await engine.score({ query: '?do=child' })).text);
    engine.score({ query: '?do=sleep', body: '60' }).catch(() => undefined);
    engine.pipe.destroy();
    await engine.exited;
    await gone(child);
  });
});

describePython('A Python engine that cannot serve', () => {
  let root: string;
  const failing = (source: string, name = 'score.py', modelDir = ''): ReturnType<(typeof TestEngine)['failure']> => {
    writeFileSync(path.join(root, 'score.py'), source);
    return TestEngine.failure({ script: name, appRoot: root, modelDir });
  };

  beforeEach(() => (root = mkdtempSync(path.join(tmpdir(), 'scripts-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('names the script that is missing, and what there is', async () => {
    const { message, code } = await failing('', 'scoer.py');
    expect(message).toBe(
      `The entry script scoer.py is not in ${root}, which holds score.py. Name it relative to the source directory.`,
    );
    expect(code).toBe(3);
  });

  test('names the module that is not installed', async () => {
    const { message } = await failing('import lightgbm_of_mine\n');
    expect(message).toContain('The entry script score.py imports lightgbm_of_mine, which is not installed.');
  });

  test('shows the line that is no Python', async () => {
    const { message } = await failing('def init():\n  pass\ndef run(data)\n  pass\n');
    expect(message).toMatch(/cannot be imported:\n[^]*line 3[^]*SyntaxError/);
  });

  test.each([
    ['def run(data): pass', 'does not have a init() function defined'],
    ['def init(): pass', 'does not have a run() function defined'],
    ['def init(): pass\ndef run(): pass', 'run() needs to accept an argument for input data.'],
    ['def init(): pass\ndef run(*data): pass', 'run() cannot accept positional-only arguments, *args, or **kwargs.'],
  ])('says what is wrong with the functions (%#)', async (source, expected) => {
    const { message } = await failing(source);
    expect(message).toContain('The entry script score.py cannot be served: ');
    expect(message).toContain(expected);
  });

  test('shows where init() failed and what the model directory holds', async () => {
    mkdirSync(path.join(root, 'digits/1'), { recursive: true });
    writeFileSync(path.join(root, 'digits/1/model.pkl'), '');
    const { message, output } = await failing(
      'def init():\n  open("/nowhere/model.bin")\ndef run(data): pass\n',
      'score.py',
      path.join(root, 'digits/1'),
    );

    expect(message).toMatch(/failed in init\(\):\n[^]*line 2, in init[^]*FileNotFoundError: .*\/nowhere\/model.bin/);
    expect(message).not.toContain('user_script.py');
    expect(output).toContain('model.pkl');
  });

  test('survives sys.exit() in init()', async () => {
    const { message } = await failing('import sys\ndef init(): sys.exit(0)\ndef run(data): pass\n');
    expect(message).toMatch(/failed in init\(\):\n[^]*SystemExit: 0/);
  });

  test.each([
    [
      'raise ModuleNotFoundError(name=__name__)',
      /has no package azureml-inference-server-http.* -m pip install azureml-inference-server-http==1\.5\.1/,
    ],
    ['raise ModuleNotFoundError(name="flask")', /has no module flask, which azureml-inference-server-http needs/],
    ['raise ImportError("cannot import name x from werkzeug")', /cannot import name x from werkzeug.*constraints\.txt/],
  ])('says what to install where packages are missing or do not fit (%#)', async (source, expected) => {
    writeFileSync(path.join(root, 'azureml_inference_server_http.py'), source);
    writeFileSync(path.join(root, 'score.py'), 'def init(): pass\ndef run(data): pass\n');
    const { message } = await TestEngine.failure({ script: 'score.py', appRoot: root, env: { PYTHONPATH: root } });
    expect(message).toMatch(expected);
  });
});
