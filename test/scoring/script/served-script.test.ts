import { get } from 'http';
import * as path from 'path';
import { ENV } from '../../../src/core/server-contract';
import { LaunchedServer } from '../../../src/scoring/launch';
import { at, events, eventually, post, removeFolders, request, serve, stopServers } from '../support/server';
import { cleanUp, folderOf, SCRIPTS } from './support/script-process';

jest.setTimeout(60_000);

afterAll(async () => {
  await stopServers();
  removeFolders();
  cleanUp();
});

const serveScript = (script: string, modelDir: string, appRoot = SCRIPTS): Promise<LaunchedServer> =>
  serve(modelDir, { [ENV.entryScript]: script, [ENV.appRoot]: appRoot });

/** Whether an answer came to its end. Not by `fetch`, which may wait for ever where the connection is cut before the head. */
function ending(url: string): Promise<'whole' | 'cut'> {
  return new Promise(resolve => {
    const cut = (): void => resolve('cut');
    get(url, response =>
      response
        .resume()
        .once('end', () => resolve('whole'))
        .once('error', cut),
    ).once('error', cut);
  });
}

describe('a service with a script', () => {
  test('scores, names its time, and describes its samples', async () => {
    const modelDir = folderOf({ 'linear/1/weights.json': '[2, 1]' });
    const server = await serveScript('linear.mjs', path.join(modelDir, 'linear/1'));

    const answer = await post(server.scoringUri, { data: [[1, 2]], label: 'x' }, { 'content-type': 'application/json' });

    expect([answer.status, answer.text]).toEqual([200, '{"scores":[4]}']);
    expect(answer.headers.get('x-ms-run-fn-exec-ms')).toMatch(/^\d+\.\d{3}$/);
    const { definitions } = (await request(server.swaggerUri)).json as { definitions: Record<string, unknown> };
    expect(definitions.ServiceInput).toMatchObject({
      required: ['data', 'label'],
      example: { data: [[1.5, 2.5]], label: 'first' },
    });
  });

  test('answers a raw script with its status and headers, and streams', async () => {
    const server = await serveScript('raw.mjs', folderOf({}));

    const headers = await request(at(server, '/score?answer=headers'), { method: 'POST' });
    expect([headers.status, headers.headers.get('content-type'), headers.headers.getSetCookie()]).toEqual([
      202,
      'text/csv',
      ['a=1', 'b=2'],
    ]);
    expect((await request(at(server, '/score?answer=pieces'))).text).toBe('one two');
    const options = await request(at(server, '/score?answer=request'), { method: 'OPTIONS' });
    expect(options.json).toMatchObject({ method: 'OPTIONS' });
    expect(await ending(at(server, '/score?answer=broken'))).toBe('cut');
    expect(await ending(at(server, '/score?answer=pieces'))).toBe('whole');
    expect((await request(at(server, '/score?answer=bytes'))).status).toBe(200);
  });

  test('frees the engine when the caller leaves a stream without an end', async () => {
    const server = await serveScript('raw.mjs', folderOf({}));
    const leave = new AbortController();
    const response = await fetch(at(server, '/score?answer=endless'), { signal: leave.signal });
    await response.body?.getReader().read();

    leave.abort();

    const next = await eventually(
      () => request(at(server, '/score?answer=bytes')),
      answer => answer.status !== 503,
    );
    expect(next.status).toBe(200);
  });

  test('answers a script that throws with 500, and logs its stack with the id of the request', async () => {
    const appRoot = folderOf({ 'score.mjs': 'export function run() {\n  throw new Error("inside");\n}' });
    const server = await serveScript('score.mjs', folderOf({}), appRoot);

    const answer = await post(server.scoringUri, '{}', { 'x-request-id': 'id-7' });

    expect(answer.status).toBe(500);
    expect(answer.headers.get('x-ms-run-function-failed')).toBe('True');
    expect(answer.text).not.toContain('inside');
    await eventually(
      () => server.output.join('\n'),
      output => output.includes('inside') && output.includes('id-7') && output.includes('score.mjs:2'),
    );
  });

  test('answers 503 where the script ends its process, and scores again with the next', async () => {
    const appRoot = folderOf({ 'score.mjs': 'export function run({ end }) { if (end) process.exit(3); return 1; }' });
    const server = await serveScript('score.mjs', folderOf({}), appRoot);

    expect((await post(server.scoringUri, { end: true })).status).toBe(503);
    await eventually(
      () => post(server.scoringUri, {}),
      answer => answer.status === 200,
    );
    expect(events(server, 'engine-ready').length).toBeGreaterThan(1);
  });

  test('does not start with a script that cannot be loaded, and says where its fault is', async () => {
    const appRoot = folderOf({ 'score.mjs': 'export function run( {\n' });

    await expect(serveScript('score.mjs', folderOf({}), appRoot)).rejects.toThrow(/score\.mjs:\d/);
  });
});
