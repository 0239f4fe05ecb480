import * as path from 'path';
import { InferenceConfig } from '../../src';
import { temporaryFolder } from '../support/files';
import { LABELS, MODEL_FILE, SAMPLES } from './support/digits';
import { serving } from './support/local-service';
import { npmRegistry } from './support/package-index';
import { BASE_IMAGE, baseImage, describeWith, docker } from './support/requirements';

jest.setTimeout(180_000);

/** A folder as a user has it, before any `npm install`. */
const PROJECT = {
  'package.json': JSON.stringify({ name: 'reader', private: true, type: 'module', dependencies: { ms: '2.1.3' } }),
  'package-lock.json': JSON.stringify({
    name: 'reader',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'reader', dependencies: { ms: '2.1.3' } },
      'node_modules/ms': {
        version: '2.1.3',
        integrity: 'sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==',
      },
    },
  }),
  'src/labels.ts': 'export const label = (digit: bigint): string => `digit ${digit}`;\n',
  'src/score.ts': `
import type { InitContext, RunContext } from 'cdktf-model-serving/entry-script';
import ms from 'ms';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { label } from './labels.ts';

interface Input { readonly pictures: number[][]; readonly within: string }

export const inputSample: Input = { pictures: ${JSON.stringify(SAMPLES[0].image)}, within: '1 s' };

let session: InferenceSession;

export async function init({ getModelPath, log }: InitContext): Promise<void> {
  session = await InferenceSession.create(getModelPath('digits'));
  log.info('loaded');
}

export async function run({ pictures, within }: Input, { log }: RunContext) {
  console.log('reading', pictures.length, 'pictures');
  log.warning('within ' + ms(within) + ' ms');
  const image = new Tensor('float32', Float32Array.from(pictures.flat()), [pictures.length, 64]);
  const { label: digits } = await session.run({ image });
  return { digits: Array.from(digits.data as BigInt64Array, label) };
}
`,
};

/** Answers piece by piece. */
const STREAM = `
const { setTimeout: pause } = require('timers/promises');

exports.rawHttp = true;

exports.run = request => ({ status: 201, headers: { 'content-type': 'text/event-stream' }, body: pieces(Number(request.query.get('ms'))) });

async function* pieces(ms) {
  for (const piece of ['one', 'two', 'three']) {
    yield piece + '\\n';
    await pause(ms);
  }
}
`;

describeWith([docker, baseImage, npmRegistry(BASE_IMAGE)], 'a TypeScript entry script with packages, in its image', () => {
  const service = serving('reader', () => ({
    inferenceConfig: InferenceConfig.javascript({ sourceDirectory: temporaryFolder(PROJECT), entryScript: 'src/score.ts' }),
    models: { digits: MODEL_FILE },
  }));

  test('reads handwritten digits with the model that is registered', async () => {
    const pictures = SAMPLES.slice(0, 20).flatMap(({ image }) => image as number[][]);
    const answer = await service().score({ pictures, within: '2 s' });
    const { digits } = (await answer.json()) as { digits: string[] };

    expect([answer.status, digits.length]).toEqual([200, 20]);
    expect(digits.filter((digit, index) => digit === `digit ${LABELS[index]}`).length).toBeGreaterThanOrEqual(16);
  });

  test('has the packages of its lock file, and Node.js 24', () => {
    const version = "process.versions.node + ' ' + require('/var/azureml-app/azureml-app/node_modules/ms/package.json').version";
    expect(service().output('node', '--print', version)).toMatch(/^24\.\S+ 2\.1\.3$/);
  });

  test('has what it logs in the log, with the id of the request, and what it prints', async () => {
    await service().score({ pictures: SAMPLES[0].image, within: '3 s' }, { 'x-request-id': 'logged-1' });
    const lines = service()
      .events('script-log')
      .filter(({ requestId }) => requestId === 'logged-1');

    expect(lines).toMatchObject([{ level: 'warning', message: 'within 3000 ms' }]);
    expect(service().logs()).toContain('reading 1 pictures');
  });

  test('is described by its sample, and refuses what does not look like it', async () => {
    const document = (await (await service().fetch('/swagger.json')).json()) as {
      definitions: { ServiceInput: { example: object } };
    };
    const { example } = document.definitions.ServiceInput;

    expect((await service().score(example)).status).toBe(200);
    expect((await service().score({ pictures: SAMPLES[0].image })).status).toBe(400);
    expect((await service().score(example, { authorization: '' })).status).toBe(401);
  });

  test('runs as nobody and writes nothing but to /tmp', () => {
    const files = ['/tmp/new', '/var/azureml-app/azureml-app/new'];
    expect(files.map(file => service().can('touch', file))).toEqual([true, false]);
    expect(service().inspect('{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}')).toBe(
      '10001:10001 true [ALL]',
    );
  });
});

describeWith([docker, baseImage], 'a JavaScript entry script without packages, in its image', () => {
  const service = serving('stream', () => ({
    inferenceConfig: InferenceConfig.javascript({
      entryScript: path.join(temporaryFolder({ 'stream.cjs': STREAM }), 'stream.cjs'),
      onnxRuntime: false,
    }),
  }));

  test('was built without a network', () => {
    expect(service().buildNetwork).toBe('none');
  });

  test('streams its answer, and ends it before the container stops', async () => {
    const answer = await service().fetch('/score?ms=700', { method: 'POST' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([201, 'text/event-stream']);
    // the answer has begun: its head is here, and most of it is not
    service().signal('TERM');
    expect(await answer.text()).toBe('one\ntwo\nthree\n');
    expect(await service().exitCode()).toBe('0');
  });
});
