/**
 * What an image promises a service: names and defaults that the constructs write and the scoring server reads.
 * Both sides import this file and nothing of each other.
 */

/** Port, paths and user inside the image. Port and model root are Azure ML v1's. */
export const CONTAINER = {
  port: 5001,
  /** `<name>/<version>/…` of every model lies below. */
  modelRoot: '/var/azureml-app/azureml-models',
  /** The bundled server and its `node_modules`. */
  serverRoot: '/opt/model-serving',
  /** Files `primary` and `secondary`, re-read when they change. */
  keysDirectory: '/run/secrets/model-serving/keys',
  /** Files `tls.crt` and `tls.key`, PEM. */
  tlsDirectory: '/run/secrets/model-serving/tls',
  /** The only writable place. */
  scratch: '/tmp',
  /** Numeric and high, so that `runAsNonRoot` can check it and no host account shares it. */
  uid: 10001,
} as const;

/** Environment variables of the scoring server; those without a prefix are Azure ML's or ONNX Runtime's own. */
export const ENV = {
  /** One model: its `<name>/<version>` folder (or its file, outside an image). Several: the folder that holds them all. */
  modelDir: 'AZUREML_MODEL_DIR',
  serviceName: 'SERVICE_NAME',
  serviceVersion: 'SERVICE_VERSION',
  /** Milliseconds that one request may spend in the engine. */
  scoringTimeoutMs: 'SCORING_TIMEOUT_MS',
  host: 'MODEL_SERVING_HOST',
  port: 'MODEL_SERVING_PORT',
  /** `keys` or `none`. */
  auth: 'MODEL_SERVING_AUTH',
  keysDirectory: 'MODEL_SERVING_KEYS_DIR',
  /** Set: serve HTTPS with the certificate found there. */
  tlsDirectory: 'MODEL_SERVING_TLS_DIR',
  /** Engine processes, each scoring one request at a time. */
  maxConcurrentRequests: 'MODEL_SERVING_MAX_CONCURRENT_REQUESTS',
  /** Milliseconds that a request may wait for an engine. */
  maxQueueWaitMs: 'MODEL_SERVING_MAX_QUEUE_WAIT_MS',
  /** Requests that may wait for an engine; the next one is answered 429. */
  maxQueuedRequests: 'MODEL_SERVING_MAX_QUEUED_REQUESTS',
  maxBodyBytes: 'MODEL_SERVING_MAX_BODY_BYTES',
  /** Milliseconds after SIGTERM in which new connections are still served, while readiness already answers 503. */
  drainDelayMs: 'MODEL_SERVING_DRAIN_DELAY_MS',
  intraOpThreads: 'MODEL_SERVING_INTRA_OP_THREADS',
  interOpThreads: 'MODEL_SERVING_INTER_OP_THREADS',
  /** `0` or `1`. */
  allowSpinning: 'MODEL_SERVING_ALLOW_SPINNING',
  /** Must be `1` before ONNX Runtime loads: since 1.29 it reports usage from Linux by default. */
  ortDisableTelemetry: 'ORT_DISABLE_TELEMETRY',
} as const;

/** What holds where nothing is said. The first three and the body limit are Azure ML v1's. */
export const SERVER_DEFAULTS = {
  scoringTimeoutMs: 60_000,
  maxConcurrentRequests: 1,
  maxQueueWaitMs: 500,
  maxQueuedRequests: 100,
  maxBodyBytes: 100 * 1024 * 1024,
  drainDelayMs: 0,
  intraOpThreads: 1,
  interOpThreads: 1,
  allowSpinning: false,
} as const;
