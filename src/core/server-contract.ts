/**
 * What an image promises a service: names and defaults that the constructs write and the scoring server reads.
 * Both sides import this file and nothing of each other.
 */

/** Port, paths and user inside the image. Port and model root are Azure ML v1's. */
export const CONTAINER = {
  port: 5001,
  /** `<name>/<version>/…` of every model lies below. */
  modelRoot: '/var/azureml-app/azureml-models',
  /** A request body for each model that has one, `<name>/<version>.json`. */
  samplesDirectory: '/opt/model-serving/samples',
  /** The entry script and what lies beside it. */
  appRoot: '/var/azureml-app/azureml-app',
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
  /** A script with `init` and `run`, relative to `appRoot`; its ending chooses the runtime. Unset: ONNX models as they are. */
  entryScript: 'AZUREML_ENTRY_SCRIPT',
  /** The folder of the entry script. */
  appRoot: 'AML_APP_ROOT',
  /** The folder of request bodies that Swagger documents show, `<name>/<version>.json`. */
  samplesDirectory: 'MODEL_SERVING_SAMPLES_DIR',
  /** The Python that runs a `.py` entry script. */
  python: 'MODEL_SERVING_PYTHON',
  serviceName: 'SERVICE_NAME',
  serviceVersion: 'SERVICE_VERSION',
  /** Before every path in Swagger documents, for services that are reached below another path; no route has it. */
  servicePathPrefix: 'SERVICE_PATH_PREFIX',
  /** Milliseconds that one request may spend in the engine. */
  scoringTimeoutMs: 'SCORING_TIMEOUT_MS',
  host: 'MODEL_SERVING_HOST',
  port: 'MODEL_SERVING_PORT',
  /** `keys`, `entra` or `none`. */
  auth: 'MODEL_SERVING_AUTH',
  keysDirectory: 'MODEL_SERVING_KEYS_DIR',
  /** The directory (tenant) whose tokens are accepted. */
  entraTenantId: 'MODEL_SERVING_ENTRA_TENANT_ID',
  /** Accepted audiences, comma-separated. */
  entraAudiences: 'MODEL_SERVING_ENTRA_AUDIENCES',
  /** App roles or scopes of which a token must carry one, comma-separated. Unset: none is asked for. */
  entraRoles: 'MODEL_SERVING_ENTRA_ROLES',
  /** Client applications that may call, comma-separated ids. Unset: all of the tenant. */
  entraClients: 'MODEL_SERVING_ENTRA_CLIENTS',
  /** Where the signing keys are; only for clouds other than the public one. */
  entraJwksUri: 'MODEL_SERVING_ENTRA_JWKS_URI',
  /** Accepted issuers, comma-separated; only for clouds other than the public one. */
  entraIssuers: 'MODEL_SERVING_ENTRA_ISSUERS',
  /** Origins whose pages may call, comma-separated, or `*`. */
  corsOrigins: 'AML_CORS_ORIGINS',
  /** `server`: statuses as they are. `azureml-v1`: 500 of a script becomes 502, as v1's front end made it. */
  statusCodes: 'MODEL_SERVING_STATUS_CODES',
  /** Set: serve HTTPS with the certificate found there. */
  tlsDirectory: 'MODEL_SERVING_TLS_DIR',
  /** Engine processes, each scoring one request at a time. */
  maxConcurrentRequests: 'MODEL_SERVING_MAX_CONCURRENT_REQUESTS',
  /** Milliseconds that a request may wait for an engine. */
  maxQueueWaitMs: 'MODEL_SERVING_MAX_QUEUE_WAIT_MS',
  /** Requests that may wait for an engine; the next one is answered 429. */
  maxQueuedRequests: 'MODEL_SERVING_MAX_QUEUED_REQUESTS',
  /** Of a request, compressed or not. */
  maxBodyBytes: 'MODEL_SERVING_MAX_BODY_BYTES',
  /** Of an answer; a longer one is replaced by an error. */
  maxResponseBytes: 'MODEL_SERVING_MAX_RESPONSE_BYTES',
  /** Waiting requests that one run may score together, where the model passes the self-check; 1 turns batching off. */
  maxBatch: 'MODEL_SERVING_MAX_BATCH',
  /** Milliseconds that a free engine waits for more requests; 0: as long as it pays. */
  batchDelayMs: 'MODEL_SERVING_BATCH_DELAY_MS',
  /** Milliseconds that 95 of 100 requests should take at most, wait and run: batches become smaller where they take more. Unset: not watched. */
  batchTargetMs: 'MODEL_SERVING_BATCH_TARGET_MS',
  /** `auto`: requests that cost well under a millisecond are scored in the front itself. `off`: always in an engine process. */
  inline: 'MODEL_SERVING_INLINE',
  /** `errors` or `all`: which requests are logged. */
  accessLog: 'MODEL_SERVING_ACCESS_LOG',
  /** Prometheus metrics on a port of their own. Unset: none. */
  metricsPort: 'MODEL_SERVING_METRICS_PORT',
  metricsHost: 'MODEL_SERVING_METRICS_HOST',
  appInsightsConnection: 'APPLICATIONINSIGHTS_CONNECTION_STRING',
  appInsightsEnabled: 'AML_APP_INSIGHTS_ENABLED',
  appInsightsKey: 'AML_APP_INSIGHTS_KEY',
  /** `true`: answers are sent to Application Insights as well. */
  appInsightsResponses: 'APP_INSIGHTS_LOG_RESPONSE_ENABLED',
  collectionEnabled: 'AML_MDC_STORAGE_ENABLED',
  /** The name in Azure ML's documentation, which its own server ignored. */
  collectionEnabledDocumented: 'AML_MODEL_DC_STORAGE_ENABLED',
  /** Blob container that inputs and answers are collected in. */
  collectionUri: 'MODEL_SERVING_COLLECT_URI',
  /** `csv` or `jsonl`. */
  collectionFormat: 'MODEL_SERVING_COLLECT_FORMAT',
  /** Share of requests that is collected, 0 to 1. */
  collectionSample: 'MODEL_SERVING_COLLECT_SAMPLE',
  workspaceName: 'WORKSPACE_NAME',
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
  maxResponseBytes: 100 * 1024 * 1024,
  maxBatch: 32,
  batchDelayMs: 0,
  drainDelayMs: 0,
  intraOpThreads: 1,
  interOpThreads: 1,
  allowSpinning: false,
} as const;
