import { LoadedService } from '../engine/engine';
import { ServedModel } from '../model/model-layout';
import { writeDocument } from './document';
import { DescribedModel, modelOperations } from './model-operations';
import { ServiceDescription, SWAGGER_VERSIONS, withoutSlash, SwaggerVersion } from './service-description';
import { readUserDocuments } from './user-documents';

export { SwaggerFileError } from './user-documents';

/** What the documents say of the service itself. */
export interface SwaggerOptions {
  readonly name: string;
  readonly version: string;
  /** Whether callers need a key or a token. */
  readonly authenticated: boolean;
  readonly tls: boolean;
  /** As `SERVICE_PATH_PREFIX` says it, a slash at its end or not. */
  readonly pathPrefix: string;
  /** The models in the order of the service; empty where a script is served. */
  readonly models: readonly ServedModel[];
}

/** The answer to a request for a document. */
export type SwaggerAnswer = { readonly document: Buffer } | { readonly status: 404; readonly message: string };

/** `?version=` as Azure ML's server understands it. */
const ALIASES: Readonly<Record<string, SwaggerVersion>> = { '2': '2', '2.0': '2', '3': '3', '3.0': '3', '3.1': '3.1' };

/**
 * The service's documents, Swagger 2.0, OpenAPI 3.0 and 3.1. The user's own win; the others are written when first asked for.
 */
export class SwaggerDocuments {
  private readonly documents: Map<string, Buffer>;

  /**
   * @param userFiles the folder that the user's documents lie in, beside the entry script.
   * @throws SwaggerFileError where one of them is not JSON.
   */
  constructor(
    private readonly options: SwaggerOptions,
    private readonly loaded: LoadedService,
    userFiles: string | undefined,
  ) {
    this.documents = userFiles === undefined ? new Map<string, Buffer>() : readUserDocuments(userFiles);
  }

  /** @param version the query's `version`; 2 where there is none. The texts of refusals are those of Azure ML's server. */
  get(version: string | null): SwaggerAnswer {
    const asked = version ?? '2';
    const known = Object.hasOwn(ALIASES, asked) ? ALIASES[asked] : undefined;
    const shown = asked.slice(0, 100);
    if (known === undefined) {
      return notFound(`Swagger version [${shown}] is not valid. Supported versions: [${this.versions()}].`);
    }
    const document = this.document(known);
    if (document !== undefined) return { document };
    return notFound(
      `Swagger version [${shown}] is not supported for the scoring script. Supported swagger versions: [${this.versions()}].`,
    );
  }

  private document(version: SwaggerVersion): Buffer | undefined {
    const made = this.documents.get(version);
    if (made !== undefined) return made;
    const text = this.write(version);
    if (text === undefined) return undefined;
    const document = Buffer.from(text);
    this.documents.set(version, document);
    return document;
  }

  private write(version: SwaggerVersion): string | undefined {
    const { options, loaded } = this;
    if (loaded.script !== undefined) return loaded.script.swagger[version];
    const models = options.models.map((served, index) => ({ served, loaded: loaded.models[index] }));
    return writeDocument(describe(options, models), version);
  }

  private versions(): string {
    const { script } = this.loaded;
    return SWAGGER_VERSIONS.filter(
      version => script === undefined || this.documents.has(version) || script.swagger[version] !== undefined,
    ).join(', ');
  }
}

function describe(options: SwaggerOptions, models: readonly DescribedModel[]): ServiceDescription {
  const { name, version, authenticated, tls, pathPrefix } = options;
  return { name, version, authenticated, tls, pathPrefix: withoutSlash(pathPrefix), operations: modelOperations(models) };
}

function notFound(message: string): SwaggerAnswer {
  return { status: 404, message };
}
