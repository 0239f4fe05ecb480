import { chunkedCreateOptions } from '../../src/edge/create-options';
import { JsonObject } from '../../src/edge/json';
import { layerFaults, manifestFaults } from '../../src/edge/manifest-rules';
import { sizeOf, TWIN_LIMITS } from '../../src/edge/twin';

/** A base deployment without a fault; each test breaks one thing in a copy. */
const base = () => ({
  content: {
    modulesContent: {
      $edgeAgent: {
        'properties.desired': {
          schemaVersion: '1.1',
          runtime: {
            type: 'docker',
            settings: { registryCredentials: { contoso: { username: 'u', password: 'p', address: 'contoso.azurecr.io' } } },
          },
          systemModules: {
            edgeAgent: { type: 'docker', settings: { image: 'mcr.microsoft.com/azureiotedge-agent:1.5', createOptions: '{}' } },
            edgeHub: {
              type: 'docker',
              status: 'running',
              restartPolicy: 'always',
              startupOrder: 0,
              settings: { image: 'mcr.microsoft.com/azureiotedge-hub:1.5', createOptions: '' },
            },
          },
          modules: {
            camera: {
              type: 'docker',
              status: 'running',
              restartPolicy: 'always',
              imagePullPolicy: 'on-create',
              startupOrder: 4294967295,
              env: { RATE: { value: 5 }, MODE: { value: 'x' }, DRY: { value: false } },
              settings: { image: 'contoso.azurecr.io/camera:1', createOptions: '{"HostConfig":', createOptions01: '{}}' },
            },
          },
        },
      },
      $edgeHub: {
        'properties.desired': {
          schemaVersion: '1.2',
          routes: {
            up: 'FROM /messages/* INTO $upstream',
            hot: {
              route: "FROM /messages/modules/camera/outputs/o WHERE hot = 'true' INTO $upstream",
              priority: 0,
              timeToLiveSecs: 60,
            },
            score: 'FROM /messages/modules/camera/outputs/frames INTO BrokeredEndpoint("/modules/digits/inputs/amlInput")',
          },
          storeAndForwardConfiguration: { timeToLiveSecs: 7200 },
        },
      },
      camera: { 'properties.desired': { resolution: { width: 640, height: 480 }, labels: ['a', 'b'] } },
    },
  },
});

type Manifest = ReturnType<typeof base>;
/** What a test may put anywhere, right or wrong. */
type Parts = Record<string, unknown> & { [key: string]: never };

const parts = (manifest: Manifest) => {
  const modules = manifest.content.modulesContent;
  const agent = modules.$edgeAgent['properties.desired'];
  return {
    content: modules as unknown as Parts,
    agent: agent as unknown as Parts,
    runtime: agent.runtime as unknown as Parts,
    credentials: agent.runtime.settings.registryCredentials as unknown as Parts,
    system: agent.systemModules as unknown as Parts,
    edgeHub: agent.systemModules.edgeHub as unknown as Parts,
    modules: agent.modules as unknown as Parts,
    camera: agent.modules.camera as unknown as Parts,
    env: agent.modules.camera.env as unknown as Parts,
    settings: agent.modules.camera.settings as unknown as Parts,
    hub: modules.$edgeHub['properties.desired'] as unknown as Parts,
    routes: modules.$edgeHub['properties.desired'].routes as unknown as Parts,
    twin: modules.camera['properties.desired'] as unknown as Parts,
  };
};

type Place = keyof ReturnType<typeof parts>;

/** Codes and sentences of a base deployment in which one thing was set, or taken away. */
function broken(place: Place, key: string, value: unknown): string {
  const manifest = base();
  const target = parts(manifest)[place] as Record<string, unknown>;
  if (value === undefined) delete target[key];
  else target[key] = value;
  return manifestFaults(manifest)
    .map(fault => `${fault.code}: ${fault.problem}`)
    .join('\n');
}

const nested = (levels: number): unknown => (levels === 0 ? 'leaf' : { a: nested(levels - 1) });

describe('the rules of a deployment manifest', () => {
  test('find nothing in a right one', () => {
    expect(manifestFaults(base())).toEqual([]);
  });

  test('accept it without its outer wrapping', () => {
    expect(manifestFaults(base().content)).toEqual([]);
  });

  test('refuse what is no manifest', () => {
    expect(manifestFaults({})[0].code).toBe('EDGE_MANIFEST_SHAPE');
    expect(broken('content', '$edgeAgent', undefined)).toContain('EDGE_MANIFEST_SHAPE: the manifest has no $edgeAgent');
    expect(broken('content', '$edgeHub', undefined)).toContain('EDGE_MANIFEST_SHAPE: the manifest has no $edgeHub');
    expect(broken('content', 'camera', 5)).toContain('EDGE_MANIFEST_SHAPE');
    expect(broken('content', 'camera', { desired: {} })).toContain('EDGE_MANIFEST_SHAPE: the manifest says desired for camera');
  });

  const cases: Array<[string, Place, string, unknown]> = [
    ['EDGE_AGENT_INVALID', 'agent', 'schemaVersion', undefined],
    ['EDGE_AGENT_INVALID', 'agent', 'schemaVersion', '2.0'],
    ['EDGE_AGENT_INVALID', 'agent', 'runtime', undefined],
    ['EDGE_AGENT_INVALID', 'agent', 'systemModules', undefined],
    ['EDGE_AGENT_INVALID', 'agent', 'modules', undefined],
    ['EDGE_AGENT_INVALID', 'agent', 'more', {}],
    ['EDGE_AGENT_INVALID', 'content', '$edgeAgent', { 'properties.desired.metrics.x': 1 }],
    ['EDGE_AGENT_INVALID', 'runtime', 'type', 'podman'],
    ['EDGE_AGENT_INVALID', 'runtime', 'settings', undefined],
    ['EDGE_AGENT_INVALID', 'system', 'edgeHub', undefined],
    ['EDGE_AGENT_INVALID', 'system', 'edgeAgent', undefined],
    ['EDGE_AGENT_INVALID', 'system', 'another', {}],
    ['EDGE_REGISTRY_CREDENTIALS_INVALID', 'credentials', 'contoso', { username: 'u', address: 'a' }],
    ['EDGE_REGISTRY_CREDENTIALS_INVALID', 'credentials', 'contoso', { username: 'u', password: 'p', address: 'a b' }],
    ['EDGE_REGISTRY_CREDENTIALS_INVALID', 'credentials', 'a.b', { username: 'u', password: 'p', address: 'a' }],
    ['EDGE_REGISTRY_CREDENTIALS_INVALID', 'credentials', 'a#b', { username: 'u', password: 'p', address: 'a' }],
    ['EDGE_MODULE_INVALID', 'edgeHub', 'status', undefined],
    ['EDGE_MODULE_INVALID', 'edgeHub', 'restartPolicy', undefined],
    ['EDGE_MODULE_INVALID', 'camera', 'type', undefined],
    ['EDGE_MODULE_INVALID', 'camera', 'type', 'process'],
    ['EDGE_MODULE_INVALID', 'camera', 'status', undefined],
    ['EDGE_MODULE_INVALID', 'camera', 'status', 'paused'],
    ['EDGE_MODULE_INVALID', 'camera', 'restartPolicy', undefined],
    ['EDGE_MODULE_INVALID', 'camera', 'restartPolicy', 'unless-stopped'],
    ['EDGE_MODULE_INVALID', 'camera', 'imagePullPolicy', 'always'],
    ['EDGE_MODULE_INVALID', 'camera', 'startupOrder', -1],
    ['EDGE_MODULE_INVALID', 'camera', 'startupOrder', 4294967296],
    ['EDGE_MODULE_INVALID', 'camera', 'startupOrder', 1.5],
    ['EDGE_MODULE_INVALID', 'agent', 'schemaVersion', '1.0'],
    ['EDGE_MODULE_INVALID', 'camera', 'settings', undefined],
    ['EDGE_MODULE_INVALID', 'settings', 'image', undefined],
    ['EDGE_MODULE_INVALID', 'settings', 'image', ''],
    ['EDGE_MODULE_INVALID', 'modules', 'camera', 'docker'],
    ['EDGE_MODULE_NAME_INVALID', 'modules', 'my.module', { type: 'docker' }],
    ['EDGE_MODULE_NAME_INVALID', 'modules', 'my module', { type: 'docker' }],
    ['EDGE_MODULE_NAME_INVALID', 'modules', 'edgeHub', { type: 'docker' }],
    ['EDGE_MODULE_NAME_INVALID', 'modules', 'm'.repeat(129), { type: 'docker' }],
    ['EDGE_MODULE_NAME_INVALID', 'content', 'my.module', { 'properties.desired': {} }],
    ['EDGE_ENVIRONMENT_INVALID', 'camera', 'env', ['A=1']],
    ['EDGE_ENVIRONMENT_INVALID', 'env', 'A', 'x'],
    ['EDGE_ENVIRONMENT_INVALID', 'env', 'A', { value: {} }],
    ...['A.B', 'A B', 'A+B', 'A#B', 'A$B'].map((name): [string, Place, string, unknown] => [
      'EDGE_ENVIRONMENT_INVALID',
      'env',
      name,
      { value: 'x' },
    ]),
    ['EDGE_CREATE_OPTIONS_INVALID', 'settings', 'createOptions01', '{'],
    ['EDGE_CREATE_OPTIONS_INVALID', 'settings', 'createOptions01', 7],
    ['EDGE_CREATE_OPTIONS_INVALID', 'settings', 'createOptions', undefined],
    ['EDGE_CREATE_OPTIONS_INVALID', 'settings', 'createOptions03', '}'],
    ['EDGE_CREATE_OPTIONS_INVALID', 'settings', 'createOptions01', `${' '.repeat(512)}{}}`],
    ['EDGE_HUB_INVALID', 'hub', 'schemaVersion', undefined],
    ['EDGE_HUB_INVALID', 'hub', 'schemaVersion', '1.3'],
    ['EDGE_HUB_INVALID', 'hub', 'routes', undefined],
    ['EDGE_HUB_INVALID', 'hub', 'more', 1],
    ['EDGE_HUB_INVALID', 'hub', 'storeAndForwardConfiguration', {}],
    ['EDGE_HUB_INVALID', 'content', '$edgeHub', { 'properties.desired.more.x': 1 }],
    ...['a.b', 'a b', 'a$b', 'a#b'].map((name): [string, Place, string, unknown] => [
      'EDGE_ROUTE_INVALID',
      'routes',
      name,
      'FROM /* INTO $upstream',
    ]),
    ['EDGE_ROUTE_INVALID', 'routes', 'r', ''],
    ['EDGE_ROUTE_INVALID', 'routes', 'r', 'FROM /messages/*'],
    ['EDGE_ROUTE_INVALID', 'routes', 'r', 'FROM /messages/* INTO upstream'],
    ['EDGE_ROUTE_INVALID', 'routes', 'r', 'FROM /messages/* INTO BrokeredEndpoint("/modules/digits")'],
    ['EDGE_ROUTE_INVALID', 'routes', 'r', 'FROM messages INTO $upstream'],
    ['EDGE_ROUTE_INVALID', 'routes', 'r', { priority: 1 }],
    ['EDGE_ROUTE_INVALID', 'routes', 'r', { route: 'FROM /* INTO $upstream', priority: 10 }],
    ['EDGE_ROUTE_INVALID', 'routes', 'r', { route: 'FROM /* INTO $upstream', timeToLiveSecs: -1 }],
    ['EDGE_ROUTE_INVALID', 'routes', 'r', { route: 'FROM /* INTO $upstream', timeToLiveSecs: 4294967296 }],
    ['EDGE_ROUTE_INVALID', 'routes', 'r', { route: 'FROM /* INTO $upstream', retries: 1 }],
    ['EDGE_ROUTE_INVALID', 'hub', 'schemaVersion', '1.0'],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', 'a.b', 1],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', '$a', 1],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', 'a b', 1],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', 'a\u0000b', 1],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', 'k'.repeat(1025), 1],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', 'a', null],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', 'a', 'x'.repeat(4097)],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', 'a', 4503599627370496],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', 'a', -4503599627370497],
    ['EDGE_TWIN_PROPERTY_INVALID', 'twin', 'a', nested(10)],
    ['EDGE_TWIN_TOO_LARGE', 'twin', 'a', Array.from({ length: 9 }, () => 'x'.repeat(4000))],
  ];

  test.each(cases)('%s: %s.%s = %j', (code, place, key, value) => {
    expect(broken(place, key, value)).toContain(code);
  });

  test.each<[Place, string, unknown]>([
    ['twin', 'a', nested(9)],
    ['twin', 'a', 4503599627370495],
    ['twin', 'a', 0.1],
    ['twin', 'a', 'x'.repeat(4096)],
    ['twin', 'k'.repeat(1024), true],
    ['camera', 'restartPolicy', 'on-unhealthy'],
    ['routes', 'r', { route: 'from /messages/* into $upstream', priority: 9, timeToLiveSecs: 4294967295 }],
    ['modules', 'm'.repeat(128), { type: 'docker', status: 'stopped', restartPolicy: 'never', settings: { image: 'x' } }],
  ])('allow the last of what is allowed: %s.%s', (place, key, value) => {
    expect(broken(place, key, value)).toBe('');
  });

  test('find several faults at once', () => {
    const manifest = base();
    const { camera, routes } = parts(manifest) as Record<string, Record<string, unknown>>;
    camera.status = 'paused';
    routes.bad = 'nowhere';
    expect(manifestFaults(manifest).map(fault => fault.code)).toEqual(['EDGE_MODULE_INVALID', 'EDGE_ROUTE_INVALID']);
  });
});

describe('a layered manifest', () => {
  const layered = (module: JsonObject = {}, route: unknown = 'FROM /* INTO $upstream') => ({
    modulesContent: {
      $edgeAgent: {
        'properties.desired.modules.digits': {
          type: 'docker',
          status: 'running',
          restartPolicy: 'always',
          settings: { image: 'x' },
          ...module,
        },
      },
      $edgeHub: { 'properties.desired.routes.up': route },
      digits: { 'properties.desired.threshold': 0.5 },
    },
  });

  test('needs no base parts', () => {
    expect(manifestFaults(layered())).toEqual([]);
  });

  test('is held to the same rules', () => {
    expect(manifestFaults(layered({ status: 'paused' })).map(fault => fault.code)).toEqual(['EDGE_MODULE_INVALID']);
    expect(manifestFaults(layered({}, 'nowhere')).map(fault => fault.code)).toEqual(['EDGE_ROUTE_INVALID']);
  });

  test('fits the base deployment that it lies on', () => {
    expect(layerFaults(layered({ startupOrder: 1 }), base())).toEqual([]);
  });

  test('may not name a module of the base', () => {
    const taken = base();
    parts(taken).modules.digits = {} as never;
    expect(layerFaults(layered(), taken).map(fault => fault.code)).toEqual(['EDGE_BASE_CONFLICT']);
  });

  test('may not use what the base schema does not have', () => {
    const old = base();
    (parts(old).agent as Record<string, unknown>).schemaVersion = '1.0';
    (parts(old).hub as Record<string, unknown>).schemaVersion = '1.0';
    const faults = layerFaults(layered({ startupOrder: 1 }, { route: 'FROM /* INTO $upstream', priority: 1 }), old);
    expect(faults.map(fault => fault.code)).toEqual(['EDGE_BASE_CONFLICT', 'EDGE_BASE_CONFLICT']);
  });
});

describe('create options in a twin', () => {
  const options = (length: number) => ({ Env: ['x'.repeat(length)] });

  test.each([0, 1, 500, 501, 502, 1023, 5000, 50_000])('are cut and joined without loss at %d characters', length => {
    const chunks = chunkedCreateOptions(options(length));
    expect(Object.values(chunks).every(chunk => chunk.length <= 512)).toBe(true);
    expect(JSON.parse(Object.values(chunks).join(''))).toEqual(options(length));
    const names = Object.keys(chunks);
    expect(names).toEqual([...names].sort());
    expect(names[0]).toBe('createOptions');
    expect(names[1] ?? 'createOptions01').toBe('createOptions01');
  });

  test('of more than a hundred pieces are refused', () => {
    const settings = { image: 'x', ...chunkedCreateOptions(options(512 * 100)) };
    const module = { type: 'docker', status: 'running', restartPolicy: 'always', settings };
    const manifest = { modulesContent: { $edgeAgent: { 'properties.desired.modules.digits': module } } };
    expect(manifestFaults(manifest).map(fault => fault.code)).toEqual(['EDGE_CREATE_OPTIONS_INVALID', 'EDGE_TWIN_TOO_LARGE']);
  });
});

describe('the size of a twin', () => {
  test('is counted as IoT Hub does: keys and text in UTF-8, 8 bytes a number, 4 a boolean', () => {
    expect(sizeOf({ ab: 'cd', é: 1, list: [true, 'x'] })).toBe(2 + 2 + (2 + 8) + (4 + 4 + 1));
  });

  test('may be exactly the limit', () => {
    const filler = 'x'.repeat(4000);
    const pieces = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`k${index}`, filler]));
    const rest = TWIN_LIMITS.total - sizeOf(pieces) - 1;
    const twin = (length: number) => ({
      modulesContent: { m: { 'properties.desired.x': 'x'.repeat(length), ...prefixed(pieces) } },
    });
    expect(manifestFaults(twin(rest))).toEqual([]);
    expect(manifestFaults(twin(rest + 1)).map(fault => fault.code)).toEqual(['EDGE_TWIN_TOO_LARGE']);
  });
});

const prefixed = (values: Record<string, string>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`properties.desired.${key}`, value]));
