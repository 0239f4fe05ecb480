import { IInferenceImage } from '../image/inference-image';
import { Sizing } from '../sizing/sizing';
import { ContainerSecurity } from '../webservice/container-security';
import { AccessLog, StatusCodes } from '../webservice/webservice-props';

/** What the edge agent does when the module ends. */
export enum EdgeRestartPolicy {
  /** Starts it again. */
  ALWAYS = 'always',
  /** Starts it again unless it ended well. */
  ON_FAILURE = 'on-failure',
  /** Starts it again when it ends or its health check fails; the edge agent runs no health checks yet. */
  ON_UNHEALTHY = 'on-unhealthy',
  /** Leaves it. */
  NEVER = 'never',
}

/** Whether the edge agent pulls the image. */
export enum EdgeImagePullPolicy {
  /** When the module is created. */
  ON_CREATE = 'on-create',
  /** Never: it must be on the device. */
  NEVER = 'never',
}

/** Whether the module runs. */
export enum EdgeModuleStatus {
  /** It runs. */
  RUNNING = 'running',
  /** It is there, but does not run. */
  STOPPED = 'stopped',
}

/** What a route may say beyond where from and where to; needs edge hub schema 1.1 in the base deployment. */
export interface EdgeRouteOptions {
  /**
   * Which messages go first: 0 before 9.
   * @default - 9
   */
  readonly priority?: number;

  /**
   * Seconds for which undelivered messages are kept.
   * @default - the edge hub's
   */
  readonly timeToLiveSeconds?: number;
}

/** How a model runs on IoT Edge devices. */
export interface IotEdgeModuleProps {
  /** The image to run. Devices pull it by digest. */
  readonly image: IInferenceImage;

  /**
   * Name of the module: 1 to 128 letters, digits, `-` and `_`.
   * @default - the construct's id, in lower case with dashes
   */
  readonly moduleName?: string;

  /**
   * How big the module is; becomes Docker's memory and CPU limits.
   * @default - Azure ML v1's 0.1 cores and 0.5 GB, with a warning
   */
  readonly sizing?: Sizing;

  /**
   * First part of the deployment's id; a hash of the content follows it.
   * @default - the module's name in lower case
   */
  readonly deploymentName?: string;

  /**
   * Which devices get the module, over their twin's tags, such as `tags.environment='prod'`; `*` for all.
   * @default - none: the deployment reaches no device until it is set
   */
  readonly targetCondition?: string;

  /**
   * Which of several deployments wins on a device: the highest number. It must exceed the base deployment's.
   * @default 10
   */
  readonly priority?: number;

  /**
   * Messages in and out of the module, by name, in the edge hub's route language.
   * @default - `<module>ToUpstream`: what comes from output `amlOutput` goes to IoT Hub
   */
  readonly routes?: { [name: string]: string };

  /**
   * Desired properties of the module's twin; any JSON.
   * @default - none
   */
  readonly desiredProperties?: { [name: string]: unknown };

  /**
   * Merged over the create options that follow from size and security, in the words of Docker's create call.
   * @default - none
   */
  readonly createOptions?: { [name: string]: unknown };

  /**
   * Further environment variables that are no secret.
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /** @default EdgeRestartPolicy.ALWAYS */
  readonly restartPolicy?: EdgeRestartPolicy;

  /** @default EdgeModuleStatus.RUNNING */
  readonly status?: EdgeModuleStatus;

  /** @default EdgeImagePullPolicy.ON_CREATE, by the edge agent itself */
  readonly imagePullPolicy?: EdgeImagePullPolicy;

  /**
   * Which modules start first: 0 before all others. Needs edge agent schema 1.1 in the base deployment.
   * @default - last
   */
  readonly startupOrder?: number;

  /**
   * Port of the device on which the service answers to programs outside the edge network.
   * @default - none: other modules call `http://<module>:5001/score`
   */
  readonly hostPort?: number;

  /**
   * Address of the device that `hostPort` is opened on; `0.0.0.0` for all.
   * @default 127.0.0.1
   */
  readonly hostAddress?: string;

  /**
   * Folder of the device with the files `primary` and `secondary`; the service then asks for one of these keys. Keys in a
   * manifest would stand in clear in every device's twin.
   * @default - none: whoever reaches the module may call it
   */
  readonly keysHostDirectory?: string;

  /**
   * Milliseconds that one request may take in the model.
   * @default 60000
   */
  readonly scoringTimeoutMs?: number;

  /**
   * Requests that the module scores at a time, each in a process of its own.
   * @default 1
   */
  readonly maxConcurrentRequests?: number;

  /**
   * Milliseconds that a request may wait for its turn; then it is answered with 503.
   * @default 500
   */
  readonly maxQueueWaitMs?: number;

  /**
   * Requests that may wait for their turn; the next one is answered with 429.
   * @default 100
   */
  readonly maxQueuedRequests?: number;

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
   * Waiting requests that one run may score together, where an ONNX model proves that it can; 1 turns batching off.
   * @default 32
   */
  readonly maxBatchSize?: number;

  /**
   * Origins whose pages may call from a browser; `*` for all.
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

  /** @default - read-only root, user 10001, no capabilities */
  readonly containerSecurity?: ContainerSecurity;

  /**
   * File of the deployment that the devices run below this one. It is checked by the same rules, and that the two fit.
   * @default - not checked
   */
  readonly baseManifest?: string;
}

/** How a module's outputs are named. */
export interface IotEdgeModuleOutputOptions {
  /**
   * What the outputs' names start with, such as `<prefix>_deployment_id`.
   * @default - the module's name, with underscores
   */
  readonly prefix?: string;
}
