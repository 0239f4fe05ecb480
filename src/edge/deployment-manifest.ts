import { chunkedCreateOptions } from './create-options';
import { JsonObject, stableJson } from './json';

/** Stands in the written manifest for an image reference that only Terraform knows. */
export const IMAGE_PLACEHOLDER = '@@IMAGE@@';

/** One module of a layered deployment. */
export interface ModuleSpec {
  readonly name: string;
  readonly image: string;
  readonly status: string;
  readonly restartPolicy: string;
  readonly imagePullPolicy?: string;
  readonly startupOrder?: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly createOptions: JsonObject;
  readonly desiredProperties: JsonObject;
  /** Route by name: text, or an object with priority and time to live. */
  readonly routes: Readonly<Record<string, string | JsonObject>>;
}

/**
 * A layered deployment: it adds one module and its routes to whatever the devices run already.
 *
 * Its keys are paths into the twins of edge agent and edge hub; the base deployment below it gives the rest.
 * Source: "Understand IoT Edge automatic deployments", layered deployments.
 */
export function layeredManifest(spec: ModuleSpec): JsonObject {
  const prefixed = (prefix: string, values: JsonObject) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}.${key}`, value]));
  const hub = prefixed('properties.desired.routes', spec.routes);
  const twin = prefixed('properties.desired', spec.desiredProperties);
  return {
    content: {
      modulesContent: {
        $edgeAgent: prefixed('properties.desired.modules', { [spec.name]: agentEntry(spec) }),
        ...(Object.keys(hub).length === 0 ? {} : { $edgeHub: hub }),
        ...(Object.keys(twin).length === 0 ? {} : { [spec.name]: twin }),
      },
    },
  };
}

/** The manifest as a file. */
export function manifestText(manifest: JsonObject): string {
  return `${stableJson(manifest)}\n`;
}

function agentEntry(spec: ModuleSpec): JsonObject {
  return {
    type: 'docker',
    status: spec.status,
    restartPolicy: spec.restartPolicy,
    imagePullPolicy: spec.imagePullPolicy,
    startupOrder: spec.startupOrder,
    env: Object.fromEntries(Object.entries(spec.environment).map(([name, value]) => [name, { value }])),
    settings: { image: spec.image, ...chunkedCreateOptions(spec.createOptions) },
  };
}
