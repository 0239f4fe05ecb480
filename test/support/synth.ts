import { AnnotationMetadataEntryType, App, TerraformElement, TerraformProvider, TerraformStack } from 'cdktf';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { schemaFaults } from './terraform-schema';

export interface SynthesizeOptions {
  /** Adds a default provider of every kind that the stack's resources need and that `build` did not add. @default true */
  readonly addProviders?: boolean;
  /** Checks every resource, data source and provider block against the provider's own schema. @default true */
  readonly checkSchema?: boolean;
  /** @default 'stack' */
  readonly stackId?: string;
  /** Context of the app, as `cdktf.json` would give it. */
  readonly context?: Record<string, unknown>;
}

/**
 * Terraform JSON as it came out of `JSON.parse`: what shape it has, the provider's schema says and the schema check proves.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

export type AnnotationLevel = 'info' | 'warning' | 'error';

/** A stack after synthesis. */
export interface Synthesized {
  /** The whole `cdk.tf.json`, without cdktf's metadata and without the default backend, whose path differs by machine. */
  readonly json: Json;
  /** Where the app wrote: `stacks/<stackId>/cdk.tf.json` and staged files lie below. Removed after the suite. */
  readonly outdir: string;
  /** The folder that Terraform would run in: relative paths in the JSON start here. */
  readonly stackdir: string;
  /** The only resource of a type whose logical id contains `idPart`, whatever the case. Fails on none and on several. */
  resource(type: string, idPart?: string): Json;
  /** Every resource of a type by logical id. */
  resources(type: string): Record<string, Json>;
  /** As `resource`, for data sources. */
  dataSource(type: string, idPart?: string): Json;
  /** As `resources`, for data sources. */
  dataSources(type: string): Record<string, Json>;
  /** Outputs by name. */
  outputs(): Record<string, Json>;
  /** Messages that constructs attached, each as `<construct path>: <message>`. */
  annotations(level?: AnnotationLevel): string[];
}

/**
 * Builds a stack and takes it through everything that `cdktf synth` does: preparation, aspects, validations, staged files,
 * error annotations. `Testing.synth` skips all of these and so accepts what a user's run refuses.
 *
 * Throws what the run would throw, and lists what the provider's schema refuses.
 */
export function synthesize(build: (stack: TerraformStack) => void, options: SynthesizeOptions = {}): Synthesized {
  const stackId = options.stackId ?? 'stack';
  const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'synth-'));
  cleanUp.add(outdir);
  const app = new App({ outdir, context: options.context, stackTraces: false });
  const stack = new TerraformStack(app, stackId);
  build(stack);
  if (options.addProviders !== false) addMissingProviders(stack);
  app.synth();

  const stackdir = path.join(outdir, 'stacks', stackId);
  const json = withoutMachine(JSON.parse(fs.readFileSync(path.join(stackdir, 'cdk.tf.json'), 'utf8')));
  if (options.checkSchema !== false) refuse(schemaFaults(json));
  return synthesized(stack, json, outdir, stackdir);
}

const cleanUp = new Set<string>();

afterAll(() => {
  for (const folder of cleanUp) fs.rmSync(folder, { recursive: true, force: true });
  cleanUp.clear();
});

function synthesized(stack: TerraformStack, json: Json, outdir: string, stackdir: string): Synthesized {
  const resources = (type: string) => json.resource?.[type] ?? {};
  const dataSources = (type: string) => json.data?.[type] ?? {};
  return {
    json,
    outdir,
    stackdir,
    resources,
    dataSources,
    resource: (type, idPart) => only(resources(type), type, idPart, json.resource),
    dataSource: (type, idPart) => only(dataSources(type), `data.${type}`, idPart, json.data),
    outputs: () => json.output ?? {},
    annotations: level => annotations(stack, level),
  };
}

function only(instances: Record<string, Json>, type: string, idPart: string | undefined, all: Record<string, object> = {}): Json {
  const ids = Object.keys(instances).filter(id => id.toLowerCase().includes((idPart ?? '').toLowerCase()));
  if (ids.length === 1) return instances[ids[0]];
  const wanted = idPart === undefined ? `one ${type}` : `one ${type} with "${idPart}" in its id`;
  const there = Object.entries(all).flatMap(([other, some]) => Object.keys(some).map(id => `  ${other}.${id}`));
  throw new Error(`expected ${wanted}, found ${ids.length === 0 ? 'none' : ids.join(', ')}. The stack has:\n${there.join('\n')}`);
}

/** cdktf writes its own version and the source's stack traces under `//`, and the local backend's path is this folder's. */
function withoutMachine(json: Json): Json {
  delete json['//'];
  for (const kind of ['resource', 'data', 'output', 'variable']) {
    for (const instances of Object.values<Json>(json[kind] ?? {})) {
      delete instances['//'];
      for (const instance of Object.values<Json>(instances))
        if (instance !== null && typeof instance === 'object') delete instance['//'];
    }
  }
  delete json.terraform?.backend?.local;
  if (json.terraform?.backend && Object.keys(json.terraform.backend).length === 0) delete json.terraform.backend;
  return json;
}

function refuse(faults: string[]): void {
  if (faults.length > 0)
    throw new Error(`The providers' schemas refuse this stack:\n${faults.map(fault => `  ${fault}`).join('\n')}`);
}

const ANNOTATION_TYPES: Record<AnnotationLevel, string> = {
  info: AnnotationMetadataEntryType.INFO,
  warning: AnnotationMetadataEntryType.WARN,
  error: AnnotationMetadataEntryType.ERROR,
};

function annotations(stack: TerraformStack, level?: AnnotationLevel): string[] {
  const types = level === undefined ? Object.values(ANNOTATION_TYPES) : [ANNOTATION_TYPES[level]];
  return stack.node
    .findAll()
    .flatMap(construct =>
      construct.node.metadata.filter(entry => types.includes(entry.type)).map(entry => `${construct.node.path}: ${entry.data}`),
    );
}

/** Loaded only where a stack uses them: each costs a test file some milliseconds. */
const DEFAULT_PROVIDERS: Record<string, (stack: TerraformStack) => TerraformProvider> = {
  azurerm: stack => {
    const { AzurermProvider } = jest.requireActual<typeof import('@cdktf/provider-azurerm/lib/provider')>(
      '@cdktf/provider-azurerm/lib/provider',
    );
    return new AzurermProvider(stack, 'azurerm', { features: [{}] });
  },
  docker: stack => {
    const { DockerProvider } = jest.requireActual<typeof import('@cdktf/provider-docker/lib/provider')>(
      '@cdktf/provider-docker/lib/provider',
    );
    return new DockerProvider(stack, 'docker');
  },
  kubernetes: stack => {
    const { KubernetesProvider } = jest.requireActual<typeof import('@cdktf/provider-kubernetes/lib/provider')>(
      '@cdktf/provider-kubernetes/lib/provider',
    );
    return new KubernetesProvider(stack, 'kubernetes');
  },
};

function addMissingProviders(stack: TerraformStack): void {
  const constructs = stack.node.findAll();
  const present = new Set(constructs.filter(isProvider).map(provider => provider.terraformGeneratorMetadata?.providerName));
  const needed = new Set(constructs.filter(isElement).map(element => element.terraformGeneratorMetadata?.providerName));
  for (const name of needed) {
    if (name !== undefined && !present.has(name)) DEFAULT_PROVIDERS[name]?.(stack);
  }
}

type Element = TerraformElement & { readonly terraformGeneratorMetadata?: { readonly providerName: string } };

const isElement = (construct: object): construct is Element => TerraformElement.isTerraformElement(construct);
const isProvider = (construct: object): construct is TerraformProvider => TerraformProvider.isTerraformProvider(construct);
