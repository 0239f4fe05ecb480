import { TerraformProvider } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { ConstructDependencies } from '../core/construct-dependencies';
import { throwAll, ValidationError } from '../core/errors';
import { kebabCase, snakeCase } from '../core/names';
import { addOutput } from '../core/outputs';
import { ENV, SERVER_DEFAULTS } from '../core/server-contract';
import { ifKnown, isKnown } from '../core/tokens';
import { IInferenceImage } from '../image/inference-image';
import { ProfileTarget } from '../sizing/profile-result';
import { BoundSize, Sizing } from '../sizing/sizing';
import { IWorkspace } from '../workspace/workspace-props';
import { Auth, BoundAuth } from './auth';
import { invalidWebserviceName, notPositive, reservedVariable, timeoutsOutOfOrder } from './errors';
import { checkProbes, ServiceProbes } from './probe';
import { WebserviceDefaults } from './webservice-defaults';

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

/** What every target takes, so that the same object deploys to each of them. */
export interface WebserviceProps {
  /** The image to run. */
  readonly image: IInferenceImage;

  /**
   * Name of the service: 3 to 32 lower-case letters, digits and dashes, starting with a letter.
   * @default - the construct's id, in lower case with dashes
   */
  readonly webserviceName?: string;

  /**
   * Resource group, pull identity and logs. Targets outside Azure ignore it.
   * @default - none
   */
  readonly workspace?: IWorkspace;

  /**
   * How big the service is.
   * @default - Azure ML v1's 0.1 cores and 0.5 GB, with a warning
   */
  readonly sizing?: Sizing;

  /**
   * Who may call. Azure ML v1 left services on ACI open unless told otherwise; here every target asks for a key.
   * @default Auth.keys()
   */
  readonly auth?: Auth;

  /**
   * Milliseconds that one request may take in the model; then it is ended and answered with 504.
   * @default 60000
   */
  readonly scoringTimeoutMs?: number;

  /**
   * Requests that one container scores at a time, each in a process of its own; the others wait.
   * @default 1
   */
  readonly maxConcurrentRequests?: number;

  /**
   * Milliseconds that a request may wait for its turn; then it is answered with 503. Azure ML v1's `max_request_wait_time`.
   * @default 500
   */
  readonly maxQueueWaitMs?: number;

  /**
   * Largest request body, bytes; a larger one is answered with 413.
   * @default 104857600
   */
  readonly maxBodyBytes?: number;

  /**
   * Further environment variables that are no secret.
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * How the platform asks whether the service lives and is ready.
   * @default - see ServiceProbes
   */
  readonly probes?: ServiceProbes;

  /**
   * Tags of every resource that can have them.
   * @default - none
   */
  readonly tags?: { [name: string]: string };

  /**
   * What the service is for.
   * @default - none
   */
  readonly description?: string;

  /**
   * The target's provider, where it is not the stack's only one.
   * @default - the stack's provider
   */
  readonly provider?: TerraformProvider;
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
  readonly tags?: { [name: string]: string };
}

/** Resolves defaults, checks what all targets have in common and binds size and authentication. @internal */
export function bindWebservice(scope: Construct, target: ProfileTarget, props: WebserviceProps): BoundWebservice {
  const defaults = WebserviceDefaults._resolve(scope);
  const name = props.webserviceName ?? kebabCase(scope.node.id);
  throwAll([
    ...checkName(scope, name),
    ...checkLimits(scope, props),
    ...checkEnvironment(scope, props),
    ...checkProbes(scope, props.probes),
  ]);
  const size = (props.sizing ?? defaults.sizing ?? Sizing._unmeasured())._bind(scope, {
    target,
    modelDigests: props.image.models.map(model => model.modelDigest),
  });
  const auth = (props.auth ?? defaults.auth ?? Auth.keys())._bind(scope);
  return {
    name,
    size,
    auth,
    environment: { ...defaults.environment, ...props.environment, ...serverEnvironment(name, props, size, auth) },
    tags: mergedTags(defaults.tags, props.tags),
  };
}

/** Only what differs from the server's own defaults, besides what must never depend on them: a plan stays readable. */
function serverEnvironment(name: string, props: WebserviceProps, size: BoundSize, auth: BoundAuth): Record<string, string> {
  return {
    [ENV.serviceName]: name,
    [ENV.serviceVersion]: String(props.image.models[0]?.modelVersion ?? 1),
    [ENV.auth]: auth.mode,
    [ENV.intraOpThreads]: String(size.intraOpThreads),
    [ENV.allowSpinning]: size.allowSpinning ? '1' : '0',
    [ENV.scoringTimeoutMs]: String(props.scoringTimeoutMs ?? SERVER_DEFAULTS.scoringTimeoutMs),
    [ENV.maxConcurrentRequests]: String(props.maxConcurrentRequests ?? SERVER_DEFAULTS.maxConcurrentRequests),
    [ENV.maxQueueWaitMs]: String(props.maxQueueWaitMs ?? SERVER_DEFAULTS.maxQueueWaitMs),
    [ENV.maxBodyBytes]: String(props.maxBodyBytes ?? SERVER_DEFAULTS.maxBodyBytes),
  };
}

function checkName(scope: Construct, name: string): ValidationError[] {
  const isLegal = !isKnown(name) || /^[a-z](?:[a-z0-9-]{1,30})[a-z0-9]$/.test(name);
  return isLegal ? [] : [invalidWebserviceName(scope, name)];
}

function checkLimits(scope: Construct, props: WebserviceProps): ValidationError[] {
  const faults: ValidationError[] = [];
  for (const what of ['scoringTimeoutMs', 'maxConcurrentRequests', 'maxQueueWaitMs', 'maxBodyBytes'] as const) {
    ifKnown(props[what], value => {
      if (!Number.isSafeInteger(value) || value < 1) faults.push(notPositive(scope, what, value));
    });
  }
  const queueMs = props.maxQueueWaitMs ?? SERVER_DEFAULTS.maxQueueWaitMs;
  const scoringMs = props.scoringTimeoutMs ?? SERVER_DEFAULTS.scoringTimeoutMs;
  if (props.maxQueueWaitMs !== undefined && isKnown(queueMs) && isKnown(scoringMs) && queueMs > scoringMs) {
    faults.push(timeoutsOutOfOrder(scope, queueMs, scoringMs));
  }
  return faults;
}

function checkEnvironment(scope: Construct, props: WebserviceProps): ValidationError[] {
  const reserved: readonly string[] = Object.values(ENV);
  return Object.keys(props.environment ?? {})
    .filter(name => reserved.includes(name))
    .map(name => reservedVariable(scope, name));
}

/** Later ones win; undefined where there is none. @internal */
export function mergedTags(...tags: Array<{ [name: string]: string } | undefined>): { [name: string]: string } | undefined {
  const merged = Object.assign({}, ...tags) as { [name: string]: string };
  return Object.keys(merged).length === 0 ? undefined : merged;
}
