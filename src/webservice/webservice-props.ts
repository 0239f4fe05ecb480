import { TerraformProvider } from 'cdktf';
import { IInferenceImage } from '../image/inference-image';
import { Sizing } from '../sizing/sizing';
import { IWorkspace } from '../workspace/workspace-props';
import { Auth } from './auth';
import { DataCollection } from './data-collection';
import { ServiceProbes } from './probe';

/** Which status a caller sees when a script fails. */
export enum StatusCodes {
  /** 500, as the script's own server gives it. */
  SERVER = 'server',
  /** 502 in place of it, as Azure ML v1's front end made it; monitoring that was built on v1 expects that. */
  AZURE_ML_V1 = 'azureml-v1',
}

/** Which requests are logged. */
export enum AccessLog {
  /** Those that failed. */
  ERRORS = 'errors',
  /** Every one. */
  ALL = 'all',
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
   * @default - what the service's profile chose, else 1
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
   * Largest answer, bytes; a larger one is replaced by an error.
   * @default 104857600
   */
  readonly maxResponseBytes?: number;

  /**
   * Requests that may wait for their turn; the next one is answered with 429.
   * @default 100
   */
  readonly maxQueuedRequests?: number;

  /**
   * Waiting requests that one run may score together, where an ONNX model proves that it can; 1 turns batching off.
   * @default - what the service's profile chose, else 32
   */
  readonly maxBatchSize?: number;

  /**
   * Origins whose pages may call from a browser, such as `https://app.contoso.com`; `*` for all.
   * @default - none
   */
  readonly corsOrigins?: string[];

  /**
   * Which status a caller sees when a script fails.
   * @default StatusCodes.SERVER
   */
  readonly statusCodes?: StatusCodes;

  /**
   * Which requests are logged; bodies never are.
   * @default AccessLog.ERRORS
   */
  readonly accessLog?: AccessLog;

  /**
   * Port of Prometheus metrics, `/metrics`, which asks for no key.
   * @default - none
   */
  readonly metricsPort?: number;

  /**
   * Sends requests, traces and exceptions to the workspace's Application Insights. Azure ML v1's `enable_app_insights`.
   * @default false
   */
  readonly appInsightsEnabled?: boolean;

  /**
   * Keeps inputs and answers in blob storage. Azure ML v1's `collect_model_data`.
   * @default - nothing is kept
   */
  readonly collectModelData?: DataCollection;

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
