import { spawnSync } from 'child_process';
import * as os from 'os';
import * as path from 'path';
import { InferenceConfig } from '../../src';
import { Cleanup } from '../../src/profiler/cleanup';
import { DockerConfinement } from '../../src/profiler/docker-limits';
import { findLimitSupport } from '../../src/profiler/limits';
import { dropFromPageCache } from '../../src/profiler/page-cache';
import { ServerProcess, ServerSpec } from '../../src/profiler/server-process';
import { PLAIN } from '../../src/profiler/server-settings';
import { openSubject, SubjectOptions } from '../../src/profiler/subject';
import { describePython, PYTHON } from '../scoring/python/engine-driver';
import { serverBundle, stopServers } from '../scoring/support/server';
import { temporaryFile, temporaryFolder } from '../support/files';
import { MODEL_FILE, SAMPLES } from './support/digits';
import { LocalService } from './support/local-service';
import { BASE_IMAGE, baseImage, describeWith, docker } from './support/requirements';
import { eventually, run } from './support/run';

jest.setTimeout(180_000);

const cleanup = new Cleanup();
afterAll(async () => {
  cleanup.run();
  await stopServers();
});

const UNUSED = { maxQueueWaitMs: 5_000, maxBodyBytes: 1e6, memoryInGB: 0.25 };

/** Starts an image as a profile does, under a memory limit where `megabytes` are given. */
async function start(image: string, megabytes?: number, spec: Partial<ServerSpec> = {}): Promise<ServerProcess> {
  const subject = await openSubject({ image, serverBundle: '' });
  const limits = megabytes === undefined ? undefined : findLimitSupport(subject);
  const confinement = limits?.confine((megabytes ?? 0) * 1024 ** 2);
  return ServerProcess.start({ subject, settings: PLAIN, ...UNUSED, confinement, limits: limits?.kind, ...spec }, cleanup);
}

const post = (uri: string, body: unknown) =>
  fetch(uri, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const containersLeft = () => run('docker', ['ps', '--all', '--quiet', '--filter', `name=model-serving-profile-${process.pid}-`]);

/** The image of a stack, built; gone after the block. */
function building(name: string, options: () => ConstructorParameters<typeof LocalService>[1]): () => string {
  let service: LocalService;
  beforeAll(() => {
    service = new LocalService(name, options());
    service.build();
  });
  afterAll(() => service?.remove());
  return () => service.image;
}

describeWith([docker, baseImage], 'the profiler with the image of a model', () => {
  const image = building('profiled', () => ({ inferenceConfig: InferenceConfig.onnx(), models: { digits: MODEL_FILE } }));

  test('knows it by its id and by what it is called, and its files where they can be read', async () => {
    const subject = await openSubject({ image: image(), serverBundle: '' });
    const id = run('docker', ['image', 'inspect', '--format', '{{.Id}}', image()]);
    expect(subject).toMatchObject({ kind: 'image', name: image().replace(':test', ''), image: image(), batches: true });
    expect(`sha256:${subject.described.sha256}`).toBe(id);
    expect(subject.described.sizeInBytes).toBeGreaterThan(1e6);
    if (subject.files.length > 0) expect(subject.files.join('\n')).toMatch(/libonnxruntime\.so/);
  });

  test('knows its model by the label that a stack gives it', async () => {
    const dockerfile = temporaryFolder({ Dockerfile: `FROM ${image()}\nLABEL cdktf-model-serving.model.sha256=abc\n` });
    const labelled = `${image()}-labelled`;
    run('docker', ['build', '--tag', labelled, dockerfile], { env: { DOCKER_BUILDKIT: '0' } });
    try {
      expect((await openSubject({ image: labelled, serverBundle: '' })).modelSha256).toBe('abc');
    } finally {
      run('docker', ['rmi', '--force', labelled]);
    }
  });

  test('runs it under limits, sees what it uses, and leaves no container', async () => {
    const seen: number[] = [];
    const settings = { ...PLAIN, workers: 2, maxBatch: 8 };
    const server = await start(image(), 256, { settings, onSpawn: pid => seen.push(pid) });
    expect((await post(server.scoringUri, SAMPLES[0])).status).toBe(200);
    expect(seen).toEqual([server.pid]);
    expect(server.times().cpuMs).toBeGreaterThan(50);
    expect(server.cpuUsageFile).toBeDefined();
    expect(await (await fetch(server.metricsUri ?? '')).text()).toContain('batch_size');

    server.limitCpu(1.5);
    server.limitCpu(0.1);
    const before = server.throttling();
    const burst = Array.from({ length: 200 }, () => post(server.scoringUri, SAMPLES[0]));
    expect((await Promise.all(burst)).every(({ status }) => status === 200)).toBe(true);
    const after = server.throttling();
    expect((after?.throttled ?? 0) - (before?.throttled ?? 0)).toBeGreaterThan(0);
    // more than the machine has is no limit, and no error
    server.limitCpu(1000);
    server.assertRunning('after the burst');

    const name = containersLeft();
    expect(name).not.toBe('');
    server.kill();
    expect(containersLeft()).toBe('');
  });

  test('comes from disk again where its layers can be dropped from the page cache', async () => {
    const faultsOfAStart = async () => {
      const server = await start(image());
      const faults = server.majorFaults();
      server.kill();
      return faults;
    };
    const { files } = await openSubject({ image: image(), serverBundle: '' });
    dropFromPageCache(files);
    const [cold, warm] = [await faultsOfAStart(), await faultsOfAStart()];
    if (files.length > 0) expect(cold).toBeGreaterThan(warm + 5);
  });

  test('runs without limits where none are given', async () => {
    const server = await start(image());
    expect((await post(server.scoringUri, SAMPLES[0])).status).toBe(200);
    server.kill();
  });

  test('says that it needs more memory than it was given to load', async () => {
    await expect(start(image(), 20)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY_AT_LOAD' });
    expect(containersLeft()).toBe('');
  });

  test('says how it was ended by somebody else', async () => {
    const server = await start(image());
    run('docker', ['kill', '--signal', 'TERM', containersLeft()]);
    const error = await eventually(10, 'the end of the container', () => {
      try {
        return server.assertRunning('while idle') ?? undefined;
      } catch (found) {
        return found as Error;
      }
    });
    expect(error).toMatchObject({ code: 'SERVER_STOPPED', problem: expect.stringContaining('while idle') });
    server.kill();
  });
});

const HOARD = `
const held = [];
const hoard = () => { for (let i = 0; i < 40; i++) held.push(Buffer.alloc(8 * 1024 ** 2, 1)); };
exports.init = () => { if (process.env.MODEL_SERVING_MAX_CONCURRENT_REQUESTS === '2') hoard(); };
exports.run = body => { if (body.hoard) hoard(); if (body.threads) return process.env.MODEL_SERVING_INTRA_OP_THREADS; return {}; };
`;

describeWith([docker, baseImage], 'the profiler with the image of a script', () => {
  const image = building('hoarder', () => ({
    inferenceConfig: InferenceConfig.javascript({
      entryScript: path.resolve(temporaryFile('hoard.cjs', HOARD)),
      onnxRuntime: false,
    }),
  }));

  test('gives it the threads that are being tried, and knows that it does not batch', async () => {
    expect(await openSubject({ image: image(), serverBundle: '' })).toMatchObject({ batches: false, entryScript: 'hoard.cjs' });
    const server = await start(image(), undefined, { settings: { ...PLAIN, threads: 3 } });
    expect(await (await post(server.scoringUri, { threads: true })).json()).toBe('3');
    server.kill();
  });

  test('an engine that is killed for memory is noticed, though the container lives on', async () => {
    const server = await start(image(), 200);
    server.assertRunning('before');
    await post(server.scoringUri, { hoard: true });
    expect(() => server.assertRunning('on input 1')).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }));
    server.kill();
  });

  test('an engine that is killed while it loads is out of memory, though the front says something else', async () => {
    const starting = start(image(), 200, { settings: { ...PLAIN, workers: 2 } });
    await expect(starting).rejects.toMatchObject({ code: 'OUT_OF_MEMORY_AT_LOAD' });
  });
});

describeWith([docker, baseImage], 'the profiler with a container for what is no image', () => {
  const mounted = async (options: Partial<SubjectOptions>) => {
    const subject = await openSubject({ serverBundle: serverBundle(), ...options });
    const confinement = new DockerConfinement({ image: BASE_IMAGE }, 256 * 1024 ** 2);
    return ServerProcess.start({ subject, settings: PLAIN, ...UNUSED, confinement, limits: 'docker' }, cleanup);
  };

  test('mounts a model', async () => {
    const server = await mounted({ model: MODEL_FILE });
    expect((await post(server.scoringUri, SAMPLES[0])).status).toBe(200);
    expect(server.times().cpuMs).toBeGreaterThan(0);
    server.kill();
  });

  test('mounts a script and its model', async () => {
    const entryScript = temporaryFile(
      'where.cjs',
      `exports.init = c => (global.model = c.getModelPath('digits')); exports.run = () => global.model;`,
    );
    const server = await mounted({ entryScript, model: MODEL_FILE });
    expect(await (await post(server.scoringUri, {})).json()).toMatch(
      /^\/var\/azureml-app\/azureml-models\/.*\/models\/digits\.onnx$/,
    );
    server.kill();
  });
});

describeWith([docker, baseImage], 'the profiler after one that was killed', () => {
  test('removes the containers that it left, and no others', () => {
    const owner = (pid: number) => `cdktf-model-serving.profiler=${pid}@${os.hostname()}`;
    const create = (pid: number) => run('docker', ['create', '--label', owner(pid), BASE_IMAGE]);
    const ended = spawnSync(process.execPath, ['--version']).pid;
    const [abandoned, used] = [create(ended), create(process.pid)];
    try {
      findLimitSupport({ image: BASE_IMAGE });
      const left = run('docker', ['ps', '--all', '--quiet', '--no-trunc', '--filter', 'label=cdktf-model-serving.profiler']);
      expect([left.includes(abandoned), left.includes(used)]).toEqual([false, true]);
    } finally {
      run('docker', ['rm', '--force', used]);
    }
  });
});

describeWith([docker], 'the profiler with an image that cannot be run', () => {
  test('that is not there is told by its name, and how to get it', async () => {
    await expect(openSubject({ image: 'no-such-image:1', serverBundle: '' })).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      fix: 'docker pull no-such-image:1',
    });
  });
});

describePython('the profiler with a Python script', () => {
  test("whose init raises tells the script's own message", async () => {
    const entryScript = temporaryFile(
      'score.py',
      "def init():\n    raise ValueError('the table is missing')\n\ndef run(x):\n    return x\n",
    );
    const subject = await openSubject({ entryScript, python: PYTHON, serverBundle: serverBundle() });
    await expect(ServerProcess.start({ subject, settings: PLAIN, ...UNUSED }, cleanup)).rejects.toMatchObject({
      code: 'INIT_FAILED',
      problem: expect.stringContaining('ValueError: the table is missing'),
    });
  });
});
