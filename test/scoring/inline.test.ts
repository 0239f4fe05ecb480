import { ENV } from '../../src/core/server-contract';
import { at, enginePids, events, fixture, post, removeFolders, request, serve, stopServers } from './support/server';

jest.setTimeout(60_000);

const BODY = { features: [[1, 2, 3, 4]] };
/** Enough rows that reading them takes longer than the front may be held. */
const LARGE = { features: Array.from({ length: 40_000 }, () => [1, 2, 3, 4]) };

afterAll(async () => {
  await stopServers();
  removeFolders();
});

describe('a model that costs a fraction of a millisecond', () => {
  test('is scored without an engine process', async () => {
    const server = await serve(fixture('dense'));
    const { status, json } = await post(server.scoringUri, BODY);

    expect(status).toBe(200);
    expect(json.probabilities).toHaveLength(1);
    expect(enginePids(server)).toEqual([]);
    expect(events(server, 'scoring-inline')).toHaveLength(1);
  });

  test('gets an engine when a request comes that takes longer, and both score the same', async () => {
    const server = await serve(fixture('dense'));
    const small = await post(server.scoringUri, BODY);
    const large = await post(server.scoringUri, LARGE);

    expect(large.status).toBe(200);
    expect((large.json.probabilities as number[][]).length).toBe(LARGE.features.length);
    expect((large.json.probabilities as number[][])[0]).toEqual((small.json.probabilities as number[][])[0]);
    expect(enginePids(server)).toHaveLength(1);
  });

  test('scores requests that arrive together each for itself', async () => {
    const server = await serve(fixture('dense'));
    const bodies = Array.from({ length: 50 }, (_, i) => ({ features: [[i, -i, i / 2, 1]] }));
    const alone: unknown[] = [];
    for (const body of bodies) alone.push((await post(server.scoringUri, body)).json);
    const together = await Promise.all(bodies.map(body => post(server.scoringUri, body)));

    together.forEach(({ json }, i) => {
      const [one] = json.probabilities as number[][];
      const [other] = (alone[i] as { probabilities: number[][] }).probabilities;
      one.forEach((p, column) => expect(p).toBeCloseTo(other[column], 5));
    });
  });

  test('a request that cannot be read does not harm those that arrive with it', async () => {
    const server = await serve(fixture('dense'));
    const answers = await Promise.all([BODY, { features: [[1]] }, BODY].map(body => post(server.scoringUri, body)));

    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200]);
    expect(answers[1].json.message).toMatch(/features/);
  });

  test.each([
    ['is told to be scored in engines', 'dense', { [ENV.inline]: 'off' }],
    ['has a loop, whose length is a value', 'slow', {}],
  ])('unless it %s', async (_, model, env) => {
    const server = await serve(fixture(model), env);

    expect(enginePids(server)).toHaveLength(1);
    expect(events(server, 'scoring-inline')).toEqual([]);
  });
});

describe('a model whose requests only cost something to read', () => {
  const value = (channel: number, row: number, column: number) => (channel + 1) * ((row * 224 + column) % 7);
  const range = (length: number) => Array.from({ length }, (_, i) => i);
  const image = [range(3).map(channel => range(224).map(row => range(224).map(column => value(channel, row, column))))];
  const mean = range(224 * 224).reduce((sum, i) => sum + (i % 7), 0) / (224 * 224);
  const isRight = (answer: unknown) => {
    const [means] = (answer as { means: number[][] }).means;
    means.forEach((found, channel) => expect(found).toBeCloseTo(mean * (channel + 1), 3));
  };

  test('has them read by threads, and no engine process', async () => {
    const server = await serve(fixture('means'), { [ENV.maxConcurrentRequests]: '2' });
    // more than there are threads, so that some wait together
    const answers = await Promise.all(range(12).map(() => post(server.scoringUri, { image })));

    expect(answers.map(({ status }) => status)).toEqual(range(12).map(() => 200));
    answers.forEach(({ json }) => isRight(json));
    expect(enginePids(server)).toEqual([]);
  });

  test('is told in the same words what is wrong with one', async () => {
    const threads = await serve(fixture('means'));
    const engines = await serve(fixture('means'), { [ENV.inline]: 'off' });
    const wrong = [...image[0].slice(0, 2), [...image[0][2].slice(0, 223), [...image[0][2][223].slice(0, 223), 'x']]];
    const [one, other] = await Promise.all([threads, engines].map(({ scoringUri }) => post(scoringUri, { image: [wrong] })));

    expect(one.status).toBe(400);
    expect(one.json.message).toContain('[0][2][223][223]');
    expect(one.json).toEqual(other.json);
    isRight((await post(threads.scoringUri, { image })).json);
  });

  test('ends a thread that reads for too long, and answers the next request', async () => {
    const server = await serve(fixture('means'), { [ENV.scoringTimeoutMs]: '1' });
    const late = await post(server.scoringUri, { image });

    expect(late.status).toBe(504);
    expect((await request(server.healthUri)).status).toBe(200);
    const raw = Buffer.from(Float32Array.from(image.flat(3)).buffer);
    isRight((await post(server.scoringUri, raw, { 'content-type': 'application/octet-stream' })).json);
  });
});

describe('the Open Inference Protocol', () => {
  test.each(['auto', 'off'])('is spoken on the same port (inline: %s)', async inline => {
    const server = await serve(fixture('dense'), { [ENV.inline]: inline });
    const azureMl = await post(server.scoringUri, BODY);
    const inputs = [{ name: 'features', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }];
    const oip = await post(at(server, '/v2/models/dense/infer'), { id: 'first', inputs });
    const [output] = oip.json.outputs as Array<{ data: number[] }>;

    expect(oip.json).toMatchObject({ id: 'first', model_name: 'dense' });
    expect(output.data).toEqual((azureMl.json.probabilities as number[][])[0]);
  });

  test('describes the server and its models, and tells failures in its own form', async () => {
    const server = await serve(fixture('dense'));
    const get = async (where: string) => (await fetch(at(server, where))).json();
    const refused = await post(at(server, '/v2/models/dense/infer'), { inputs: [] });

    expect(await get('/v2')).toMatchObject({ name: 'cdktf-model-serving', extensions: ['binary_tensor_data'] });
    expect(await get('/v2/models/dense')).toMatchObject({ name: 'dense', inputs: [{ name: 'features', datatype: 'FP32' }] });
    expect((await fetch(at(server, '/v2/models/dense/ready'))).status).toBe(200);
    expect((await fetch(at(server, '/v2/health/ready'))).status).toBe(200);
    expect(refused.status).toBe(400);
    expect(Object.keys(refused.json)).toEqual(['error']);
  });
});
