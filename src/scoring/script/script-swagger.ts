import { ENV } from '../../core/server-contract';
import { writeDocument } from '../swagger/document';
import { PayloadDescription, SWAGGER_VERSIONS, SwaggerVersion, withoutSlash } from '../swagger/service-description';
import { jsonText } from './json-text';
import { LoadedModule } from './load-script';
import { inferSchema, SampleSchema, swaggerSchema } from './sample-schema';
import { ScriptError } from './script-error';

/** A sample that a script declared. */
export interface DeclaredSample {
  readonly schema: SampleSchema;
  /** JSON text. */
  readonly text: string;
}

/** What Azure ML's server says where nothing is declared. */
const UNDECLARED: PayloadDescription = { schema: { type: 'object' }, example: '{}' };

/** @throws ScriptError naming the place in the sample that has no JSON form. */
export function declaredSample(sample: LoadedModule['inputSample'], name: string): DeclaredSample | undefined {
  if (sample === undefined) return undefined;
  try {
    return { schema: inferSchema(sample.value, name), text: jsonText(sample.value) };
  } catch (error) {
    throw new ScriptError(`The entry script's ${name} cannot be described: ${(error as Error).message}`);
  }
}

/** The script's documents as JSON text, by version; the service's name comes from the environment, as for Azure ML's server. */
export function scriptDocuments(
  input: DeclaredSample | undefined,
  output: DeclaredSample | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const documents: Record<string, string> = {};
  for (const version of SWAGGER_VERSIONS) {
    const [taken, given] = [payload(input, version), payload(output, version)];
    if (taken === undefined || given === undefined) continue;
    const service = {
      name: env[ENV.serviceName] || 'ML service',
      version: env[ENV.serviceVersion] || '1.0',
      authenticated: env[ENV.auth] !== 'none',
      tls: Boolean(env[ENV.tlsDirectory]),
      pathPrefix: withoutSlash(env[ENV.servicePathPrefix] ?? ''),
      operations: [{ path: '/score', suffix: '', what: 'the input with the entry script', input: taken, output: given }],
    };
    documents[version] = writeDocument(service, version);
  }
  return documents;
}

function payload(sample: DeclaredSample | undefined, version: SwaggerVersion): PayloadDescription | undefined {
  if (sample === undefined) return UNDECLARED;
  const schema = swaggerSchema(sample.schema, version);
  return schema && { schema, example: sample.text };
}
