import * as fs from 'fs';
import * as path from 'path';
import { InferenceConfig, PythonRuntime, Sizing } from '../../src';
import { temporaryFile, temporaryFolder } from '../support/files';
import { LocalService, LocalServiceOptions, runPython } from './support/local-service';
import { engineHas, pipIndex, PYTHON_IMAGE } from './support/package-index';
import { baseImage, describeWith, docker } from './support/requirements';
import { attempt, eventually } from './support/run';

jest.setTimeout(900_000);

const FILES = path.join(__dirname, 'spark');

/** What a build's `apt-get install` needs. */
const debianMirror = () => {
  const command = ['run', '--rm', '--network', 'host', PYTHON_IMAGE, 'apt-get', '-o', 'APT::Update::Error-Mode=any', 'update'];
  const { status } = attempt('docker', command, { timeoutSeconds: 60 });
  return status === 0 ? undefined : 'apt-get reaches no packages from within a container';
};

function options(sourceDirectory: string): LocalServiceOptions {
  const inferenceConfig = InferenceConfig.python({
    entryScript: 'score.py',
    sourceDirectory,
    runtime: PythonRuntime.SPARK_PY,
    requirementsFile: temporaryFile('requirements.txt', 'inference-schema\n'),
  });
  return { inferenceConfig, props: { sizing: Sizing.fixed({ cpu: 2, memoryInGB: 1.5 }) } };
}

describeWith([docker, baseImage, engineHas(PYTHON_IMAGE), pipIndex, debianMirror], 'a script that runs Spark', () => {
  const folder = temporaryFolder();
  let trained: LocalService;
  let service: LocalService;

  beforeAll(async () => {
    fs.copyFileSync(path.join(FILES, 'score.py'), path.join(folder, 'score.py'));
    trained = new LocalService('spark-trained', options(folder));
    trained.build();
    // the packages that will read the model write it
    fs.cpSync(runPython(trained.image, path.join(FILES, 'train.py'), temporaryFolder()), folder, { recursive: true });
    service = new LocalService('spark', options(folder));
    service.build();
    await service.start().catch(async (error: Error) => {
      // a session takes its time on a busy machine
      if (service.inspect('{{.State.Running}}') !== 'true') throw error;
      await eventually(300, 'an answer', async () => (await service.fetch('/health/ready')).ok || undefined);
    });
  });

  afterAll(() => {
    service?.remove();
    trained?.remove();
  });

  test('loads what Spark saved, with Snappy and with Zstandard, and answers rows', async () => {
    const data = [
      { rooms: 3.5, place: 'town', since: '2020-05-06' },
      { rooms: 1.5, place: 'land', since: '2019-01-01' },
    ];
    const answer = await service.score({ data });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      [
        { name: 'in the country', year: 2019, rent: expect.closeTo(4.5, 6) as number },
        { name: 'in town', year: 2020, rent: expect.closeTo(20.5, 6) as number },
      ],
    ]);
  });

  test('answers 500 to rows without a column of the sample, and goes on', async () => {
    expect((await service.score({ data: [{ rooms: 3.5, place: 'town' }] })).status).toBe(500);
    expect((await service.score({ data: [{ rooms: 3.5, place: 'town', since: '2020-05-06' }] })).status).toBe(200);
  });

  test('is described column by column', async () => {
    const { definitions } = (await (await service.fetch('/swagger.json')).json()) as Swagger;
    expect(definitions.ServiceInput.properties.data.items.properties).toEqual({
      rooms: { type: 'number', format: 'double' },
      place: { type: 'string' },
      since: { type: 'string', format: 'date' },
    });
  });

  test('runs as nobody, and keeps its tables in the only folder that it may write', () => {
    expect(service.inspect('{{.HostConfig.ReadonlyRootfs}} {{.Config.User}}')).toBe('true 10001:10001');
    expect(service.output('ls', '/tmp/spark-warehouse')).toBe('names');
  });

  test('opens no port to others but the one that scores', () => {
    const listening = service
      .output('cat', '/proc/net/tcp', '/proc/net/tcp6')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === '0A')
      .map(([, address]) => address);
    const isOfThisMachine = (address: string) => /^(.*0100007F|0{24}01000000):/.test(address);
    expect(listening.length).toBeGreaterThan(1);
    expect(listening.filter(address => !isOfThisMachine(address))).toEqual(['00000000:1389']);
  });
});

interface Swagger {
  readonly definitions: {
    readonly ServiceInput: { readonly properties: { readonly data: { readonly items: { readonly properties: object } } } };
  };
}
