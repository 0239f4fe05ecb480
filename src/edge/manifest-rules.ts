import { CHUNK } from './create-options';
import {
  agentInvalid,
  baseConflict,
  createOptionsInvalid,
  credentialsInvalid,
  environmentInvalid,
  hubInvalid,
  ManifestFailure,
  manifestShape,
  moduleInvalid,
  moduleNameInvalid,
  routeInvalid,
} from './errors';
import { isObject, JsonObject } from './json';
import { twinFaults } from './twin';

/** Largest unsigned number of 32 bits: the edge agent's last startup order, and the longest time to live. */
const MAX_UINT32 = 4294967295;

const RESTART_POLICIES = ['never', 'on-failure', 'on-unhealthy', 'always'];
const STATUSES = ['running', 'stopped'];
const PULL_POLICIES = ['on-create', 'never'];

/**
 * Every fault of a deployment manifest: what the Azure CLI's schemas, the edge agent and IoT Hub would refuse, the latter two
 * only on the device. A layered one is recognised by its keys and needs no base parts.
 *
 * Source of the rules: the CLI extension's deployment schemas (edge agent 1.0 and 1.1, edge hub 1.0 to 1.2), the edge agent's
 * own reading of `createOptions`, and IoT Hub's twin limits.
 */
export function manifestFaults(manifest: JsonObject): ManifestFailure[] {
  const modules = modulesContent(manifest);
  if (modules === undefined) return [manifestShape('has no modulesContent')];
  const faults = Object.entries(modules).flatMap(([name, twin]) => {
    if (!isObject(twin)) return [manifestShape(`says ${JSON.stringify(twin)} for ${name}`)];
    if (name === '$edgeAgent') return agentFaults(twin);
    return name === '$edgeHub' ? hubFaults(twin) : desiredTwinFaults(name, twin);
  });
  return isLayered(modules) ? faults : [...missingRuntime(modules), ...faults];
}

/** What keeps a layered manifest from working on devices that run `base`. */
export function layerFaults(layered: JsonObject, base: JsonObject): ManifestFailure[] {
  const [below, above] = [modulesContent(base), modulesContent(layered)];
  if (below === undefined || above === undefined) return [];
  const own = entriesBelow(above.$edgeAgent, 'modules');
  const taken = Object.keys(entriesBelow(below.$edgeAgent, 'modules'));
  const faults = Object.keys(own)
    .filter(name => taken.includes(name))
    .map(name => baseConflict(`module ${name} is in the base deployment already`));
  const needsAgent = Object.values(own).some(module => isObject(module) && module.startupOrder !== undefined);
  if (needsAgent && versionOf(below.$edgeAgent) === '1.0') {
    faults.push(baseConflict('startupOrder needs edge agent schema 1.1, but the base deployment has 1.0'));
  }
  const needsHub = Object.values(entriesBelow(above.$edgeHub, 'routes')).some(isObject);
  if (needsHub && versionOf(below.$edgeHub) === '1.0') {
    faults.push(baseConflict('a route with priority or time to live needs edge hub schema 1.1, but the base deployment has 1.0'));
  }
  return faults;
}

function modulesContent(manifest: JsonObject): JsonObject | undefined {
  const content = isObject(manifest.content) ? manifest.content : manifest;
  return isObject(content.modulesContent) ? content.modulesContent : undefined;
}

const isLayered = (modules: JsonObject) =>
  Object.values(modules).some(twin => isObject(twin) && Object.keys(twin).some(key => key.startsWith('properties.desired.')));

function missingRuntime(modules: JsonObject): ManifestFailure[] {
  return ['$edgeAgent', '$edgeHub'].filter(name => modules[name] === undefined).map(name => manifestShape(`has no ${name}`));
}

/** The entries of `properties.desired.<part>`, whether nested or as paths. */
function entriesBelow(twin: unknown, part: string): JsonObject {
  if (!isObject(twin)) return {};
  const prefix = `properties.desired.${part}.`;
  const paths = Object.entries(twin).filter(([key]) => key.startsWith(prefix));
  const nested = desired(twin)?.[part];
  return {
    ...Object.fromEntries(paths.map(([key, value]) => [key.slice(prefix.length), value])),
    ...(isObject(nested) ? nested : {}),
  };
}

function desired(twin: unknown): JsonObject | undefined {
  const properties = isObject(twin) ? twin['properties.desired'] : undefined;
  return isObject(properties) ? properties : undefined;
}

const versionOf = (twin: unknown) => desired(twin)?.schemaVersion;

function agentFaults(twin: JsonObject): ManifestFailure[] {
  const base = desired(twin);
  const modules = entriesBelow(twin, 'modules');
  return [
    ...(base === undefined ? [] : baseAgentFaults(base)),
    ...Object.entries(modules).flatMap(([name, module]) => [
      ...moduleNameFaults(name),
      ...moduleFaults(name, module, base?.schemaVersion),
    ]),
    ...strayKeys(twin, ['modules', 'runtime', 'systemModules']).map(key => agentInvalid(`${key} is not one of its properties`)),
    ...twinFaults('$edgeAgent', base ?? modules),
  ];
}

/** Keys that are neither the whole twin nor a path into a known part of it. */
function strayKeys(twin: JsonObject, parts: readonly string[]): string[] {
  const known = (key: string) =>
    key === 'properties.desired' || parts.some(part => key.startsWith(`properties.desired.${part}.`));
  return Object.keys(twin).filter(key => !known(key));
}

const AGENT_KEYS = ['schemaVersion', 'runtime', 'systemModules', 'modules'];

function baseAgentFaults(base: JsonObject): ManifestFailure[] {
  const version = base.schemaVersion;
  return [
    ...AGENT_KEYS.filter(key => base[key] === undefined).map(key => agentInvalid(`${key} is missing`)),
    ...Object.keys(base)
      .filter(key => !AGENT_KEYS.includes(key))
      .map(key => agentInvalid(`${key} is not one of its properties`)),
    ...(version === undefined || version === '1.0' || version === '1.1'
      ? []
      : [agentInvalid(`schemaVersion is ${JSON.stringify(version)}`)]),
    ...(isObject(base.runtime) ? runtimeFaults(base.runtime) : []),
    ...(isObject(base.systemModules) ? systemFaults(base.systemModules, version) : []),
  ];
}

function runtimeFaults(runtime: JsonObject): ManifestFailure[] {
  const settings = runtime.settings;
  const credentials = isObject(settings) && isObject(settings.registryCredentials) ? settings.registryCredentials : {};
  return [
    ...(runtime.type === 'docker' ? [] : [agentInvalid(`runtime.type is ${JSON.stringify(runtime.type)}`)]),
    ...(isObject(settings) ? [] : [agentInvalid('runtime.settings is missing')]),
    ...Object.entries(credentials).flatMap(([name, entry]) => credentialFaults(name, entry)),
  ];
}

function credentialFaults(name: string, entry: unknown): ManifestFailure[] {
  const fields = isObject(entry) ? entry : {};
  const missing = ['username', 'password', 'address'].filter(field => typeof fields[field] !== 'string' || fields[field] === '');
  return [
    ...(/^[^.$#\s]+$/.test(name) ? [] : [credentialsInvalid(name, 'the name is not allowed')]),
    ...missing.map(field => credentialsInvalid(name, `${field} is missing`)),
    ...(typeof fields.address === 'string' && /\s/.test(fields.address)
      ? [credentialsInvalid(name, 'the address holds a space')]
      : []),
  ];
}

/** The edge hub is a module like others; the edge agent has neither status nor restart policy. */
function systemFaults(system: JsonObject, version: unknown): ManifestFailure[] {
  return [
    ...['edgeAgent', 'edgeHub']
      .filter(name => system[name] === undefined)
      .map(name => agentInvalid(`systemModules.${name} is missing`)),
    ...Object.keys(system)
      .filter(name => name !== 'edgeAgent' && name !== 'edgeHub')
      .map(name => agentInvalid(`systemModules.${name} is no system module`)),
    ...(isObject(system.edgeHub) ? moduleFaults('edgeHub', system.edgeHub, version) : []),
    ...(isObject(system.edgeAgent)
      ? [...typeFaults('edgeAgent', system.edgeAgent), ...settingsFaults('edgeAgent', system.edgeAgent)]
      : []),
  ];
}

/** Shorter than IoT Hub's own rule, but what the Azure CLI accepts. */
export function moduleNameFaults(name: string): ManifestFailure[] {
  const isLegal = /^[a-zA-Z0-9_-]{1,128}$/.test(name) && name !== 'edgeAgent' && name !== 'edgeHub';
  return isLegal ? [] : [moduleNameInvalid(name)];
}

function moduleFaults(name: string, module: unknown, version: unknown): ManifestFailure[] {
  if (!isObject(module)) return [moduleInvalid(name, 'it is no object')];
  const oneOf = (field: string, allowed: readonly string[], isRequired: boolean) => {
    const value = module[field];
    if (value === undefined) return isRequired ? [moduleInvalid(name, `${field} is missing`)] : [];
    return allowed.includes(value as string)
      ? []
      : [moduleInvalid(name, `${field} is ${JSON.stringify(value)}, not ${allowed.join(', ')}`)];
  };
  return [
    ...typeFaults(name, module),
    ...oneOf('status', STATUSES, true),
    ...oneOf('restartPolicy', RESTART_POLICIES, true),
    ...oneOf('imagePullPolicy', PULL_POLICIES, false),
    ...startupFaults(name, module.startupOrder, version),
    ...environmentFaults(name, module.env),
    ...settingsFaults(name, module),
  ];
}

const typeFaults = (name: string, module: JsonObject) =>
  module.type === 'docker' ? [] : [moduleInvalid(name, `type is ${JSON.stringify(module.type)}, not docker`)];

function startupFaults(name: string, order: unknown, version: unknown): ManifestFailure[] {
  if (order === undefined) return [];
  const isLegal = Number.isInteger(order) && (order as number) >= 0 && (order as number) <= MAX_UINT32;
  if (!isLegal) return [moduleInvalid(name, `startupOrder is ${JSON.stringify(order)}`)];
  return version === '1.0' ? [moduleInvalid(name, 'startupOrder needs schemaVersion 1.1')] : [];
}

function environmentFaults(module: string, env: unknown): ManifestFailure[] {
  if (env === undefined) return [];
  if (!isObject(env)) return [environmentInvalid(module, 'env is no object')];
  return Object.entries(env).flatMap(([name, entry]) => {
    const value = isObject(entry) ? entry.value : undefined;
    const hasValue = ['string', 'number', 'boolean'].includes(typeof value);
    return [
      ...(/^[^+#$\s.]+$/.test(name) ? [] : [environmentInvalid(module, `the name ${JSON.stringify(name)} is not allowed`)]),
      ...(hasValue ? [] : [environmentInvalid(module, `${name} has no value`)]),
    ];
  });
}

function settingsFaults(name: string, module: JsonObject): ManifestFailure[] {
  const settings = module.settings;
  if (!isObject(settings)) return [moduleInvalid(name, 'settings is missing')];
  const { image } = settings;
  const hasImage = typeof image === 'string' && /^[^\s]+$/.test(image);
  return [...(hasImage ? [] : [moduleInvalid(name, 'settings.image is missing')]), ...chunkFaults(name, settings)];
}

function chunkFaults(name: string, settings: JsonObject): ManifestFailure[] {
  const keys = Object.keys(settings).filter(key => key.startsWith('createOptions'));
  if (keys.length === 0) return [];
  const expected = keys.map((_, index) => (index === 0 ? 'createOptions' : `createOptions${String(index).padStart(2, '0')}`));
  const gap = expected.find(key => !keys.includes(key));
  if (gap !== undefined) return [createOptionsInvalid(name, `${gap} is missing among ${keys.sort().join(', ')}`)];
  if (keys.length > CHUNK.count) return [createOptionsInvalid(name, `the create options have ${keys.length} pieces`)];
  const chunks = expected.map(key => settings[key]);
  if (!chunks.every(chunk => typeof chunk === 'string')) return [createOptionsInvalid(name, 'the create options are no text')];
  const long = expected.filter((_, index) => chunks[index].length > CHUNK.characters);
  return [
    ...long.map(key => createOptionsInvalid(name, `${key} is longer than ${CHUNK.characters} characters`)),
    ...(isJsonObject(chunks.join('')) ? [] : [createOptionsInvalid(name, 'the create options are no JSON object')]),
  ];
}

function isJsonObject(text: string): boolean {
  try {
    return text === '' || isObject(JSON.parse(text));
  } catch {
    return false;
  }
}

const HUB_KEYS = ['schemaVersion', 'routes', 'storeAndForwardConfiguration', 'mqttBroker'];

function hubFaults(twin: JsonObject): ManifestFailure[] {
  const base = desired(twin);
  const routes = entriesBelow(twin, 'routes');
  return [
    ...(base === undefined ? [] : baseHubFaults(base)),
    ...Object.entries(routes).flatMap(([name, route]) => routeFaults(name, route, base?.schemaVersion)),
    ...strayKeys(twin, ['routes', 'storeAndForwardConfiguration']).map(key => hubInvalid(`${key} is not one of its properties`)),
    ...twinFaults('$edgeHub', base ?? routes),
  ];
}

function baseHubFaults(base: JsonObject): ManifestFailure[] {
  const version = base.schemaVersion;
  const forward = base.storeAndForwardConfiguration;
  const hasTime = isObject(forward) && Number.isInteger(forward.timeToLiveSecs);
  return [
    ...['schemaVersion', 'routes'].filter(key => base[key] === undefined).map(key => hubInvalid(`${key} is missing`)),
    ...Object.keys(base)
      .filter(key => !HUB_KEYS.includes(key))
      .map(key => hubInvalid(`${key} is not one of its properties`)),
    ...(version === undefined || ['1.0', '1.1', '1.2'].includes(version as string)
      ? []
      : [hubInvalid(`schemaVersion is ${JSON.stringify(version)}`)]),
    ...(forward === undefined || hasTime ? [] : [hubInvalid('storeAndForwardConfiguration.timeToLiveSecs is no whole number')]),
  ];
}

const SINK = /\$upstream|BrokeredEndpoint\(\s*"\/modules\/[^/"\s]+\/inputs\/[^/"\s]+"\s*\)/;
const ROUTE = new RegExp(String.raw`^\s*FROM\s+/\S*\s+(WHERE\s+.+\s+)?INTO\s+(${SINK.source})\s*$`, 'is');

function routeFaults(name: string, route: unknown, version: unknown): ManifestFailure[] {
  const text = isObject(route) ? route.route : route;
  return [
    ...(/^[^.$#\s]+$/.test(name) ? [] : [routeInvalid(name, 'the name holds a space, ., $ or #')]),
    ...(typeof text === 'string' && ROUTE.test(text) ? [] : [routeInvalid(name, `${JSON.stringify(text)} is no route`)]),
    ...(isObject(route) ? routeOptionFaults(name, route, version) : []),
  ];
}

function routeOptionFaults(name: string, route: JsonObject, version: unknown): ManifestFailure[] {
  const within = (value: unknown, most: number) =>
    value === undefined || (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most);
  const stray = Object.keys(route).filter(key => !['route', 'priority', 'timeToLiveSecs'].includes(key));
  return [
    ...(within(route.priority, 9) ? [] : [routeInvalid(name, `priority is ${JSON.stringify(route.priority)}, not 0 to 9`)]),
    ...(within(route.timeToLiveSecs, MAX_UINT32)
      ? []
      : [routeInvalid(name, `timeToLiveSecs is ${JSON.stringify(route.timeToLiveSecs)}`)]),
    ...stray.map(key => routeInvalid(name, `${key} is not one of its properties`)),
    ...(version === '1.0' ? [routeInvalid(name, 'priority and timeToLiveSecs need schemaVersion 1.1')] : []),
  ];
}

/** Whole twin or paths into it; what counts against the limits is the twin that results. */
function desiredTwinFaults(name: string, twin: JsonObject): ManifestFailure[] {
  const prefix = 'properties.desired.';
  const paths = Object.entries(twin).filter(([key]) => key.startsWith(prefix));
  const stray = Object.keys(twin).filter(key => key !== 'properties.desired' && !key.startsWith(prefix));
  const values = { ...desired(twin), ...Object.fromEntries(paths.map(([key, value]) => [key.slice(prefix.length), value])) };
  return [...moduleNameFaults(name), ...stray.map(key => manifestShape(`says ${key} for ${name}`)), ...twinFaults(name, values)];
}
