import { Construct, IConstruct } from 'constructs';
import { ConstructDependencies } from '../core/construct-dependencies';
import { throwAll, ValidationError } from '../core/errors';
import { kebabCase, snakeCase } from '../core/names';
import { addOutput } from '../core/outputs';
import { isKnown } from '../core/tokens';
import { ProfileTarget } from '../sizing/profile-result';
import { BoundSize, Sizing } from '../sizing/sizing';
import { Auth, BoundAuth } from './auth';
import { BoundCollection } from './data-collection';
import { invalidWebserviceName } from './errors';
import { checkProbes } from './probe';
import { checkSettings, serverEnvironment, telemetrySecrets } from './server-environment';
import { WebserviceDefaults } from './webservice-defaults';
import { WebserviceProps } from './webservice-props';

/** A deployed model, whatever runs it. */
export interface IWebservice extends IConstruct {
  /** Name of the service. */
  readonly webserviceName: string;
  /** Where requests are posted, `http(s)://…/score`. */
  readonly scoringUri: string;
  /** Where the service describes itself, `…/swagger.json`. */
  readonly swaggerUri: string;
  /** Answers `Healthy` while the service lives, `…/`. */
  readonly healthUri: string;

  /**
   * Declares Terraform outputs for the URIs. Nothing is output unless this is called.
   * Throws `OUTPUT_EXISTS` where the stack has one of the names already.
   */
  addOutputs(options?: WebserviceOutputOptions): void;
}

/** How outputs are named. */
export interface WebserviceOutputOptions {
  /**
   * What the outputs' names start with: `<prefix>_scoring_uri`, `<prefix>_swagger_uri`, `<prefix>_health_uri`.
   * @default - the service's name, with underscores
   */
  readonly prefix?: string;
}

/** What every target does alike. @internal */
export abstract class WebserviceBase extends Construct implements IWebservice {
  public abstract readonly webserviceName: string;
  public abstract readonly scoringUri: string;

  public get swaggerUri(): string {
    return `${this._baseUri}/swagger.json`;
  }

  public get healthUri(): string {
    return `${this._baseUri}/`;
  }

  /** Scheme, host and port, without a closing slash. @internal */
  protected abstract readonly _baseUri: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    ConstructDependencies.enforce(this);
  }

  public addOutputs(options: WebserviceOutputOptions = {}): void {
    const prefix = snakeCase(options.prefix ?? this.webserviceName);
    addOutput(this, 'ScoringUri', `${prefix}_scoring_uri`, this.scoringUri);
    addOutput(this, 'SwaggerUri', `${prefix}_swagger_uri`, this.swaggerUri);
    addOutput(this, 'HealthUri', `${prefix}_health_uri`, this.healthUri);
  }
}

/** Everything that is decided before a target renders it. @internal */
export interface BoundWebservice {
  readonly name: string;
  readonly size: BoundSize;
  readonly auth: BoundAuth;
  /** Of the container; complete but for what only the target knows. */
  readonly environment: Record<string, string>;
  /** The same, but for values that nobody may read: each target has its own way. */
  readonly secretEnvironment: Record<string, string>;
  /** Where data is collected; the target sees to an identity that may write there. */
  readonly collection?: BoundCollection;
  /** True where the server itself calls out: for signing keys, telemetry or collected data. */
  readonly callsOut: boolean;
  readonly tags?: { [name: string]: string };
}

/** Resolves defaults, checks what all targets have in common and binds size and authentication. @internal */
export function bindWebservice(scope: Construct, target: ProfileTarget, props: WebserviceProps): BoundWebservice {
  const defaults = WebserviceDefaults._resolve(scope);
  const name = props.webserviceName ?? kebabCase(scope.node.id);
  throwAll([...checkName(scope, name), ...checkSettings(scope, props), ...checkProbes(scope, props.probes)]);
  const size = (props.sizing ?? defaults.sizing ?? Sizing._unmeasured())._bind(scope, {
    target,
    modelDigests: props.image.models.map(model => model.modelDigest),
  });
  const auth = (props.auth ?? defaults.auth ?? Auth.keys())._bind(scope, name);
  const collection = props.collectModelData?._bind(scope, target, props.workspace);
  const secretEnvironment = telemetrySecrets(scope, props);
  return {
    name,
    size,
    auth,
    environment: {
      ...defaults.environment,
      ...props.environment,
      ...serverEnvironment(name, props, size),
      ...auth.environment,
      ...collection?.environment,
    },
    secretEnvironment,
    collection,
    callsOut: auth.mode === 'entra' || collection !== undefined || Object.keys(secretEnvironment).length > 0,
    tags: mergedTags(defaults.tags, props.tags),
  };
}

function checkName(scope: Construct, name: string): ValidationError[] {
  const isLegal = !isKnown(name) || /^[a-z](?:[a-z0-9-]{1,30})[a-z0-9]$/.test(name);
  return isLegal ? [] : [invalidWebserviceName(scope, name)];
}

/** Later ones win; undefined where there is none. @internal */
export function mergedTags(...tags: Array<{ [name: string]: string } | undefined>): { [name: string]: string } | undefined {
  const merged = Object.assign({}, ...tags) as { [name: string]: string };
  return Object.keys(merged).length === 0 ? undefined : merged;
}
