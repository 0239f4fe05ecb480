import * as fs from 'fs';
import * as path from 'path';
import { TerraformStack, TerraformVariable } from 'cdktf';
import { JsonObject } from '../../src/edge/json';
import { IotEdgeModule } from '../../src/edge/iot-edge-module';
import { EdgeImagePullPolicy, EdgeModuleStatus, EdgeRestartPolicy, IotEdgeModuleProps } from '../../src/edge/iot-edge-props';
import { manifestFaults } from '../../src/edge/manifest-rules';
import { ImageBuild } from '../../src/image/image-build';
import { InferenceImage } from '../../src/image/inference-image';
import { Sizing } from '../../src/sizing/sizing';
import { AccessLog, StatusCodes } from '../../src/webservice/webservice-props';
import { ContainerRegistry } from '../../src/workspace/container-registry';
import { temporaryFile } from '../support/files';
import { someModel } from '../support/models';
import { Json, Synthesized, synthesize } from '../support/synth';

const REFERENCE = `contoso.azurecr.io/digits@sha256:${'a'.repeat(64)}`;
const SIZE = Sizing.fixed({ cpu: 0.5, memoryInGB: 0.25, intraOpThreads: 1 });

type Extra = Partial<IotEdgeModuleProps> | ((scope: TerraformStack) => Partial<IotEdgeModuleProps>);

function edge(scope: TerraformStack, extra: Extra = {}, id = 'Digits'): IotEdgeModule {
  const image = new InferenceImage(scope, `${id}Image`, {
    models: [someModel(scope, { id: `${id}Model` })],
    imageBuild: ImageBuild.prebuilt(REFERENCE),
  });
  const props = typeof extra === 'function' ? extra(scope) : extra;
  return new IotEdgeModule(scope, id, { image, sizing: SIZE, ...props });
}

const deploy = (extra: Extra = {}, use: (module: IotEdgeModule) => void = () => undefined) =>
  synthesize(stack => use(edge(stack, extra)));

function manifestOf(stack: Synthesized): Json {
  const [file] = fs.readdirSync(path.join(stack.stackdir, 'assets', 'Digits'));
  return JSON.parse(fs.readFileSync(path.join(stack.stackdir, 'assets', 'Digits', file), 'utf8'));
}

const modulesOf = (extra: Extra = {}): Json => manifestOf(deploy(extra)).content.modulesContent;
const entryOf = (extra: Extra = {}): Json => modulesOf(extra).$edgeAgent['properties.desired.modules.digits'];

function createOptionsOf(extra: Extra = {}): Json {
  const settings = entryOf(extra).settings as Record<string, string>;
  const keys = Object.keys(settings)
    .filter(key => key.startsWith('createOptions'))
    .sort();
  return JSON.parse(keys.map(key => settings[key]).join(''));
}

describe('IotEdgeModule', () => {
  test('adds one module to what the devices run, and nothing else', () => {
    expect(Object.keys(modulesOf().$edgeAgent as object)).toEqual(['properties.desired.modules.digits']);
    expect(entryOf()).toMatchObject({
      type: 'docker',
      status: 'running',
      restartPolicy: 'always',
      settings: { image: REFERENCE },
    });
    expect(manifestFaults(manifestOf(deploy()) as JsonObject)).toEqual([]);
  });

  test('limits the container to its size, without swap', () => {
    expect(createOptionsOf().HostConfig).toMatchObject({ Memory: 268435456, MemorySwap: 268435456, NanoCpus: 500000000 });
  });

  test('gives the container no more rights than scoring needs', () => {
    const options = createOptionsOf();
    expect(options.User).toBe('10001:10001');
    expect(options.HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      Tmpfs: { '/tmp': expect.stringContaining('noexec') as string },
      LogConfig: { Config: { 'max-size': '10m', 'max-file': '3' } },
    });
  });

  test('each right has its own switch', () => {
    const containerSecurity = {
      readOnlyRootFilesystem: false,
      userId: 7,
      keepCapabilities: ['SYS_NICE'],
      allowPrivilegeEscalation: true,
    };
    const options = createOptionsOf({ containerSecurity });
    expect(options).toMatchObject({ User: '7:7', HostConfig: { ReadonlyRootfs: false, CapAdd: ['SYS_NICE'] } });
    expect(options.HostConfig.SecurityOpt).toBeUndefined();
  });

  test('is reached by other modules only, unless a port is opened on the device', () => {
    expect(createOptionsOf()).toMatchObject({ ExposedPorts: { '5001/tcp': {} } });
    expect(createOptionsOf().HostConfig.PortBindings).toBeUndefined();
    expect(createOptionsOf({ hostPort: 8080 }).HostConfig.PortBindings).toEqual({
      '5001/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
    });
  });

  test('asks for keys that lie on the device, never in the twin', () => {
    const extra = { keysHostDirectory: '/etc/digits/keys' };
    expect(createOptionsOf(extra).HostConfig.Binds).toEqual(['/etc/digits/keys:/run/secrets/model-serving/keys:ro']);
    expect(entryOf(extra).env).toMatchObject({
      MODEL_SERVING_AUTH: { value: 'keys' },
      MODEL_SERVING_KEYS_DIR: { value: '/run/secrets/model-serving/keys' },
    });
    expect(entryOf().env).toMatchObject({ MODEL_SERVING_AUTH: { value: 'none' } });
  });

  test('warns where a whole network may call it', () => {
    const warnings = (extra: Extra) => deploy(extra).annotations('warning').join();
    expect(warnings({ hostPort: 8080, hostAddress: '0.0.0.0' })).toContain('EDGE_OPEN_TO_NETWORK');
    expect(warnings({ hostPort: 8080, hostAddress: '0.0.0.0', keysHostDirectory: '/keys' })).toBe('');
    expect(warnings({ hostPort: 8080 })).toBe('');
  });

  test('tells the server its threads and its name', () => {
    expect(entryOf({ environment: { MODE: 'x' } }).env).toMatchObject({
      MODEL_SERVING_INTRA_OP_THREADS: { value: '1' },
      MODEL_SERVING_ALLOW_SPINNING: { value: '0' },
      SERVICE_NAME: { value: 'digits' },
      MODE: { value: 'x' },
    });
  });

  test("tells the server the caller's limits", () => {
    const limits = { maxQueueWaitMs: 40, maxQueuedRequests: 5, maxBodyBytes: 1000, maxResponseBytes: 2000, maxBatchSize: 1 };
    expect(entryOf({ ...limits, accessLog: AccessLog.ALL, statusCodes: StatusCodes.AZURE_ML_V1 }).env).toMatchObject({
      MODEL_SERVING_MAX_QUEUE_WAIT_MS: { value: '40' },
      MODEL_SERVING_MAX_QUEUED_REQUESTS: { value: '5' },
      MODEL_SERVING_MAX_BODY_BYTES: { value: '1000' },
      MODEL_SERVING_MAX_RESPONSE_BYTES: { value: '2000' },
      MODEL_SERVING_MAX_BATCH: { value: '1' },
      MODEL_SERVING_ACCESS_LOG: { value: 'all' },
      MODEL_SERVING_STATUS_CODES: { value: 'azureml-v1' },
    });
  });

  test('merges create options of the caller over its own, at every level', () => {
    const options = createOptionsOf({
      createOptions: { HostConfig: { Memory: 1, Devices: [{ PathOnHost: '/dev/dri' }] }, Labels: { a: 'b' } },
    });
    expect(options.HostConfig).toMatchObject({ Memory: 1, MemorySwap: 268435456, Devices: [{ PathOnHost: '/dev/dri' }] });
    expect(options.Labels).toEqual({ a: 'b' });
  });

  test('passes policies on, and leaves out what is not said', () => {
    const entry = entryOf({
      restartPolicy: EdgeRestartPolicy.ON_FAILURE,
      status: EdgeModuleStatus.STOPPED,
      imagePullPolicy: EdgeImagePullPolicy.NEVER,
      startupOrder: 2,
    });
    expect(entry).toMatchObject({ restartPolicy: 'on-failure', status: 'stopped', imagePullPolicy: 'never', startupOrder: 2 });
    expect(Object.keys(entryOf() as object).sort()).toEqual(['env', 'restartPolicy', 'settings', 'status', 'type']);
  });

  test('warns of a restart policy that does nothing yet', () => {
    expect(deploy({ restartPolicy: EdgeRestartPolicy.ON_UNHEALTHY }).annotations('warning').join()).toContain(
      'EDGE_RESTART_ON_UNHEALTHY',
    );
  });

  test('writes desired properties below the twin of the module', () => {
    const modules = modulesOf({ desiredProperties: { threshold: 0.5, labels: ['zero'] } });
    expect(modules.digits).toEqual({ 'properties.desired.threshold': 0.5, 'properties.desired.labels': ['zero'] });
    expect(modulesOf().digits).toBeUndefined();
  });

  test("has v1's 0.1 cores and 0.5 GB where nothing is said, and warns", () => {
    const stack = deploy({ sizing: undefined });
    expect(stack.annotations('warning').join()).toContain('SIZE_NOT_MEASURED');
    expect(createOptionsOf({ sizing: undefined }).HostConfig).toMatchObject({ NanoCpus: 100000000, Memory: 536870912 });
  });
});

describe('the routes of a module', () => {
  const upstream = 'FROM /messages/modules/digits/outputs/amlOutput INTO $upstream';

  test("lead v1's output to the hub", () => {
    expect(modulesOf().$edgeHub).toEqual({ 'properties.desired.routes.digitsToUpstream': upstream });
  });

  test('are replaced by the given ones', () => {
    expect(modulesOf({ routes: { mine: 'FROM /* INTO $upstream' } }).$edgeHub).toEqual({
      'properties.desired.routes.mine': 'FROM /* INTO $upstream',
    });
    expect(modulesOf({ routes: {} }).$edgeHub).toBeUndefined();
  });

  test('can be added to, with priority and time to live', () => {
    const stack = deploy({}, module => {
      module.addRoute('in', 'FROM /messages/modules/camera/outputs/o INTO BrokeredEndpoint("/modules/digits/inputs/amlInput")');
      module.addRoute('hot', 'FROM /messages/* INTO $upstream', { priority: 0, timeToLiveSeconds: 60 });
    });
    expect(manifestOf(stack).content.modulesContent.$edgeHub).toEqual({
      'properties.desired.routes.digitsToUpstream': upstream,
      'properties.desired.routes.in':
        'FROM /messages/modules/camera/outputs/o INTO BrokeredEndpoint("/modules/digits/inputs/amlInput")',
      'properties.desired.routes.hot': { route: 'FROM /messages/* INTO $upstream', priority: 0, timeToLiveSecs: 60 },
    });
  });

  test('are checked when they are added', () => {
    expect(() => deploy({}, module => module.addRoute('bad', 'nowhere'))).toThrow(/EDGE_ROUTE_INVALID/);
  });
});

describe('what a stack knows of a deployment', () => {
  test('is its text, read by Terraform from the file', () => {
    const stack = deploy({}, module => module.addOutputs());
    const [local] = Object.values<string>(stack.json.locals as object as Record<string, string>);
    expect(local).toBe('${file("assets/Digits/deployment.json")}');
    expect(Object.keys(stack.outputs()).sort()).toEqual([
      'digits_deployment_id',
      'digits_manifest',
      'digits_priority',
      'digits_target_condition',
    ]);
    expect(stack.outputs().digits_deployment_id.value).toMatch(/^digits-\$\{substr\(sha256\(local\..*\), 0, 8\)\}$/);
  });

  test('puts the digest in when Terraform knows it', () => {
    const stack = synthesize(scope => {
      const registry = ContainerRegistry.fromLoginServer(scope, 'Registry', 'contoso.azurecr.io');
      const reference = `${new TerraformVariable(scope, 'digest', { type: 'string' }).stringValue}`;
      const image = new InferenceImage(scope, 'Image', {
        models: [someModel(scope)],
        imageBuild: ImageBuild.prebuilt(reference),
        registry,
      });
      new IotEdgeModule(scope, 'Digits', { image, sizing: SIZE });
    });
    const settings = manifestOf(stack).content.modulesContent.$edgeAgent['properties.desired.modules.digits'].settings;
    expect(settings.image).toBe('@@IMAGE@@');
    expect(Object.values(stack.json.locals as object)[0]).toBe(
      '${replace(file("assets/Digits/deployment.json"), "@@IMAGE@@", var.digest)}',
    );
  });

  test('is the same text on every run', () => {
    const text = (stack: Synthesized) => fs.readFileSync(path.join(stack.stackdir, 'assets/Digits/deployment.json'), 'utf8');
    const one = { environment: { A: '1', B: '2' } };
    const other = { environment: { B: '2', A: '1' } };
    expect(text(deploy(one))).toBe(text(deploy(other)));
  });

  test('is nothing but a local value where no output is asked for', () => {
    const stack = deploy();
    expect([stack.json.resource, stack.json.output]).toEqual([undefined, undefined]);
  });

  test('may have a target condition and a priority', () => {
    synthesize(scope => {
      const module = edge(scope, { targetCondition: "tags.environment='prod'", priority: 20 });
      expect([module.targetCondition, module.priority]).toEqual(["tags.environment='prod'", 20]);
    });
  });
});

describe('a module is refused', () => {
  const base = temporaryFile('base.json', '{"modulesContent":{"$edgeAgent":{"properties.desired":{}}}}');

  test.each<[Partial<IotEdgeModuleProps>, RegExp]>([
    [{ moduleName: 'my.module' }, /EDGE_MODULE_NAME_INVALID/],
    [{ moduleName: 'edgeHub' }, /EDGE_MODULE_NAME_INVALID/],
    [{ environment: { 'A.B': 'x' } }, /EDGE_ENVIRONMENT_INVALID/],
    [{ environment: { MODEL_SERVING_AUTH: 'x' } }, /ENVIRONMENT_VARIABLE_RESERVED/],
    [{ startupOrder: -1 }, /EDGE_MODULE_INVALID/],
    [{ routes: { 'a b': 'FROM /* INTO $upstream' } }, /EDGE_ROUTE_INVALID/],
    [{ desiredProperties: { 'a b': 1 } }, /EDGE_TWIN_PROPERTY_INVALID/],
    [{ desiredProperties: { a: Array.from({ length: 9 }, () => 'x'.repeat(4000)) } }, /EDGE_TWIN_TOO_LARGE/],
    [{ createOptions: { Labels: { a: 'x'.repeat(60_000) } } }, /EDGE_CREATE_OPTIONS_INVALID/],
    [{ hostPort: 70000 }, /EDGE_CREATE_OPTIONS_INVALID/],
    [{ keysHostDirectory: 'keys' }, /EDGE_CREATE_OPTIONS_INVALID/],
    [{ deploymentName: 'Upper' }, /EDGE_DEPLOYMENT_INVALID/],
    [{ priority: -1 }, /EDGE_DEPLOYMENT_INVALID/],
    [{ targetCondition: 'everything' }, /EDGE_DEPLOYMENT_INVALID/],
    [{ baseManifest: 'absent.json' }, /EDGE_BASE_MANIFEST_UNREADABLE/],
    [{ baseManifest: temporaryFile('list.json', '[]') }, /EDGE_BASE_MANIFEST_UNREADABLE/],
    [{ baseManifest: base }, /EDGE_MANIFEST_SHAPE[\s\S]*EDGE_AGENT_INVALID/],
  ])('for %j', (props, code) => {
    expect(() => deploy(props)).toThrow(code);
  });

  test('for several faults at once', () => {
    expect(() => deploy({ environment: { 'A.B': 'x' }, routes: { r: 'nowhere' } })).toThrow(
      /EDGE_ENVIRONMENT_INVALID[\s\S]*EDGE_ROUTE_INVALID/,
    );
  });

  test.each(['environment', 'routes', 'desiredProperties', 'createOptions'])('for %s that only Terraform knows', name => {
    const unknown = (scope: TerraformStack) => ({
      [name]: { A: new TerraformVariable(scope, 'v', { type: 'string' }).stringValue },
    });
    expect(() => deploy(unknown)).toThrow(/EDGE_VALUE_UNKNOWN_AT_SYNTH/);
  });

  test('but not for a condition that only Terraform knows', () => {
    const stack = deploy(
      scope => ({ targetCondition: new TerraformVariable(scope, 'condition', { type: 'string' }).stringValue }),
      module => module.addOutputs({ prefix: 'Edge' }),
    );
    expect(stack.outputs().edge_target_condition.value).toBe('${var.condition}');
  });
});

test('two modules of one stack do not collide', () => {
  const stack = synthesize(scope => {
    edge(scope, {}, 'One').addOutputs();
    edge(scope, {}, 'Two').addOutputs();
  });
  expect(Object.keys(stack.json.locals as object)).toHaveLength(2);
  expect(fs.readdirSync(path.join(stack.stackdir, 'assets')).sort()).toEqual(['One', 'Two']);
});
