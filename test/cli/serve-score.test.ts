import * as fs from 'fs';
import { createServer } from 'http';
import { AddressInfo } from 'net';
import * as os from 'os';
import { temporaryFile, temporaryFolder } from '../support/files';
import { bundlePrograms, DIGITS, LABELS, removePrograms, run, SAMPLES, serve, Serving } from './cli';

beforeAll(bundlePrograms);
afterAll(removePrograms);

const keyOf = (serving: Serving): string => /^key \(shown once\): (\S+)$/m.exec(serving.stderr())?.[1] ?? 'none shown';

const firstSample = (): object => (JSON.parse(fs.readFileSync(SAMPLES, 'utf8')) as object[])[0];

async function statusWith(url: string, key: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}` };
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(firstSample()) })).status;
}

describe('model-serving serve', () => {
  let serving: Serving;
  beforeAll(async () => (serving = await serve([])));
  afterAll(() => serving.stop());

  test('prints the scoring URI alone on stdout and a key of 256 bits on stderr', () => {
    expect(serving.line).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/score$/);
    expect(Buffer.from(keyOf(serving), 'base64url')).toHaveLength(32);
  });

  test('scores with the key', async () => {
    const { code, stdout } = await run(['score', serving.line, '--input', SAMPLES], { MODEL_SERVING_KEY: keyOf(serving) });

    const answers = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { label: number[]; probabilities: number[][] });
    const labels = JSON.parse(fs.readFileSync(LABELS, 'utf8')) as number[];
    expect(code).toBe(0);
    expect(answers).toHaveLength(labels.length);
    const right = answers.filter((answer, index) => answer.label[0] === labels[index]).length;
    expect(right / labels.length).toBeGreaterThan(0.9);
  });

  test('answers in one JSON value with --json', async () => {
    const { stdout, stderr } = await run(['score', serving.line, '--input', SAMPLES, '--json', '--key', keyOf(serving)]);

    expect(JSON.parse(stdout)).toMatchObject({ scoringUri: serving.line });
    expect((JSON.parse(stdout) as { answers: unknown[] }).answers).toHaveLength(48);
    expect(stderr).toBe('');
  });

  test('appends /score to the bare address of a service', async () => {
    const { code } = await run(['score', new URL('/', serving.line).href, '--input', SAMPLES, '--key', keyOf(serving)]);
    expect(code).toBe(0);
  });

  test.each([
    ['without a key', [], /none was given/],
    ['with a wrong key', ['--key', 'wrong'], /does not accept the key/],
  ])('refuses %s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(['score', serving.line, '--input', SAMPLES, ...args]);

    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });

  test('names the body that does not fit the model', async () => {
    const input = temporaryFile('bodies.json', JSON.stringify([firstSample(), { image: [[1, 2]] }]));

    const { code, stdout, stderr } = await run(['score', serving.line, '--input', input, '--key', keyOf(serving)]);

    expect(code).toBe(1);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/body 2 of 2 .* was answered 400/);
  });

  test('says that its port is taken', async () => {
    const { code, stderr } = await run(['serve', DIGITS, '--port', new URL(serving.line).port]);

    expect(code).toBe(1);
    expect(stderr).toMatch(/in use[\s\S]*--port 0/);
  });
});

describe('model-serving serve, other ways', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends with 0 on %s, frees its port and leaves no key behind',
    async signal => {
      const scratch = temporaryFolder();
      const serving = await serve([], { TMPDIR: scratch });
      expect(fs.readdirSync(scratch)).toHaveLength(1);

      expect(await serving.stop(signal)).toBe(0);

      expect(fs.readdirSync(scratch)).toEqual([]);
      await expect(statusWith(serving.line, 'any')).rejects.toThrow('fetch failed');
    },
  );

  test('takes the key from the environment and does not print it', async () => {
    const key = 'a-key-of-the-caller';
    const serving = await serve([], { MODEL_SERVING_KEY: key });
    const { code } = await run(['score', serving.line, '--input', SAMPLES], { MODEL_SERVING_KEY: key });
    await serving.stop();

    expect(code).toBe(0);
    expect(serving.stderr()).not.toContain(key);
  });

  test('takes both keys of a folder', async () => {
    const directory = temporaryFolder({ primary: 'first\n', secondary: 'second\n' });
    const serving = await serve(['--keys-dir', directory]);
    const codes = await Promise.all(['first', 'second', 'third'].map(key => statusWith(serving.line, key)));
    await serving.stop();

    expect(codes).toEqual([200, 200, 401]);
    expect(fs.readdirSync(directory)).toHaveLength(2);
  });

  test('lets everybody in with --auth none, and says all in one JSON line with --json', async () => {
    const serving = await serve(['--auth', 'none', '--json']);
    const ready = JSON.parse(serving.line) as { scoringUri: string; auth: string; key?: string };
    const { code } = await run(['score', ready.scoringUri, '--input', SAMPLES]);
    await serving.stop();

    expect(code).toBe(0);
    expect(ready).toMatchObject({ auth: 'none' });
    expect(ready).not.toHaveProperty('key');
  });

  test.each([
    ['a model that is not there', ['serve', 'none.onnx'], 2],
    ['a model that is no model', ['serve', LABELS], 1],
    ['a port that is none', ['serve', DIGITS, '--port', '65536'], 2],
    ['an unknown kind of auth', ['serve', DIGITS, '--auth', 'token'], 2],
    ['keys for nobody', ['serve', DIGITS, '--auth', 'none', '--keys-dir', os.tmpdir()], 2],
  ])('refuses %s', async (_, args, code) => {
    const result = await run(args);

    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/^error: .+\n {2}fix: .+/m);
  });
});

describe('model-serving score', () => {
  test.each([
    ['an address that is no URL', ['localhost', '--input', SAMPLES], 2],
    ['a URL of another scheme', ['ftp://127.0.0.1/score', '--input', SAMPLES], 2],
    ['a key inside the URL', ['http://user:key@127.0.0.1/score', '--input', SAMPLES], 2],
    ['an input file that is not there', ['http://127.0.0.1:1/score', '--input', 'none.json'], 2],
    ['a time without a unit', ['http://127.0.0.1:1/score', '--input', SAMPLES, '--timeout', '5'], 2],
  ])('exits with 2 for %s', async (_, args, code) => {
    const result = await run(['score', ...args]);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(/^ {2}fix: .+/m);
  });

  test('exits with 4 where nothing answers', async () => {
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise(resolve => server.close(resolve));

    const { code, stdout } = await run(['score', `http://127.0.0.1:${port}/score`, '--input', SAMPLES, '--json']);

    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'UNREACHABLE' } });
  });

  test('keeps integers beyond 2^53 as they came', async () => {
    const server = createServer((_, response) => response.end('{\n  "id": 9007199254740993\n}'));
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const input = temporaryFile('one.json', '{"x": 1}');

    const lines = await run(['score', url, '--input', input]);
    const json = await run(['score', url, '--input', input, '--json']);
    server.close();

    expect(lines.stdout).toBe('{"id": 9007199254740993}\n');
    expect(json.stdout).toContain('"answers":[{"id": 9007199254740993}]');
  });

  test('does not follow a redirect with the key', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/score`;

    const { code } = await run(['score', url, '--input', temporaryFile('one.json', '{"x": 1}'), '--key', 'secret']);
    server.close();

    expect(code).toBe(1);
    expect(asked).toEqual(['/score']);
  });

  test('says when there is no answer in time', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/score`;

    const { code, stderr } = await run(['score', url, '--input', temporaryFile('one.json', '{"x": 1}'), '--timeout', '50ms']);
    server.closeAllConnections();
    server.close();

    expect(code).toBe(4);
    expect(stderr).toContain('0.05 s');
  });
});
