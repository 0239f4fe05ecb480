import { TerraformStack, TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import { InferenceImage } from '../../src/image/inference-image';
import { ImageBuild } from '../../src/image/image-build';
import { Sizing } from '../../src/sizing/sizing';
import { Auth } from '../../src/webservice/auth';
import { bindProbes } from '../../src/webservice/probe';
import { BoundWebservice, bindWebservice, WebserviceBase } from '../../src/webservice/webservice';
import { WebserviceProps } from '../../src/webservice/webservice-props';
import { WebserviceDefaults } from '../../src/webservice/webservice-defaults';
import { someModel } from '../support/models';
import { synthesize } from '../support/synth';

/** The least that a target can be: what all targets share, and nothing of their own. */
class BareWebservice extends WebserviceBase {
  public readonly webserviceName: string;
  public readonly scoringUri = 'http://localhost/score';
  protected readonly _baseUri = 'http://localhost';
  public readonly bound: BoundWebservice;

  constructor(scope: Construct, id: string, props: WebserviceProps) {
    super(scope, id);
    this.bound = bindWebservice(this, 'local', props);
    this.webserviceName = this.bound.name;
  }
}

const SIZE = Sizing.fixed({ cpu: 1, memoryInGB: 1 });

function service(scope: Construct, id: string, props: Partial<WebserviceProps> = {}): BareWebservice {
  const image = new InferenceImage(scope, `${id}Image`, {
    models: [someModel(scope, { id: `${id}Model` })],
    imageBuild: ImageBuild.prebuilt(`contoso.azurecr.io/digits@sha256:${'a'.repeat(64)}`),
  });
  return new BareWebservice(scope, id, { image, sizing: SIZE, ...props });
}

const bound = (props: Partial<WebserviceProps> = {}, prepare: (stack: TerraformStack) => void = () => undefined) => {
  let result: BoundWebservice | undefined;
  synthesize(stack => {
    prepare(stack);
    result = service(stack, 'DigitsService', props).bound;
  });
  return result!;
};

describe('a service', () => {
  test('is named after its construct unless told otherwise', () => {
    expect(bound().name).toBe('digits-service');
    expect(bound({ webserviceName: 'digits-eu' }).name).toBe('digits-eu');
  });

  test.each(['ab', 'a'.repeat(33), '1digits', 'Digits', 'digits_eu', 'digits-'])('refuses the name "%s"', webserviceName => {
    expect(() => bound({ webserviceName })).toThrow(/WEBSERVICE_NAME_INVALID/);
  });

  test('tells the server its limits in its own variables', () => {
    expect(
      bound({ scoringTimeoutMs: 2000, maxConcurrentRequests: 3, maxQueueWaitMs: 100, maxBodyBytes: 1024 }).environment,
    ).toMatchObject({
      SCORING_TIMEOUT_MS: '2000',
      MODEL_SERVING_MAX_CONCURRENT_REQUESTS: '3',
      MODEL_SERVING_MAX_QUEUE_WAIT_MS: '100',
      MODEL_SERVING_MAX_BODY_BYTES: '1024',
      MODEL_SERVING_INTRA_OP_THREADS: '1',
      SERVICE_NAME: 'digits-service',
    });
  });

  test("has Azure ML v1's limits by default", () => {
    expect(bound().environment).toMatchObject({
      SCORING_TIMEOUT_MS: '60000',
      MODEL_SERVING_MAX_CONCURRENT_REQUESTS: '1',
      MODEL_SERVING_MAX_QUEUE_WAIT_MS: '500',
    });
  });

  test('refuses limits that are no positive whole numbers, all at once, and a queue longer than the timeout', () => {
    expect(() => bound({ scoringTimeoutMs: 0, maxConcurrentRequests: 1.5 })).toThrow(
      /scoringTimeoutMs is 0[^]*maxConcurrentRequests is 1\.5/,
    );
    expect(() => bound({ maxBodyBytes: -1 })).toThrow(/SETTING_NOT_POSITIVE/);
    expect(() => bound({ scoringTimeoutMs: 100, maxQueueWaitMs: 200 })).toThrow(/TIMEOUTS_OUT_OF_ORDER/);
  });

  test('takes variables of its own, but none that the service sets itself', () => {
    expect(bound({ environment: { LABELS: 'a,b' } }).environment).toMatchObject({ LABELS: 'a,b' });
    expect(() => bound({ environment: { MODEL_SERVING_AUTH: 'none' } })).toThrow(/ENVIRONMENT_VARIABLE_RESERVED/);
  });

  test('leaves a limit that only Terraform knows to Terraform', () => {
    synthesize(stack => {
      const timeout = new TerraformVariable(stack, 'timeout', { type: 'number' }).numberValue;
      expect(() => service(stack, 'DigitsService', { scoringTimeoutMs: timeout })).not.toThrow();
    });
  });
});

describe('Auth', () => {
  test('asks for keys by default: two sensitive variables, the second of which may stay empty', () => {
    const { json } = synthesize(stack => void service(stack, 'DigitsService'));
    expect(json.variable.digits_service_primary_key).toMatchObject({ sensitive: true, type: 'string' });
    expect(json.variable.digits_service_primary_key).not.toHaveProperty('default');
    expect(json.variable.digits_service_secondary_key).toMatchObject({ sensitive: true, default: '' });
  });

  test('none declares nothing', () => {
    const { json } = synthesize(stack => void service(stack, 'DigitsService', { auth: Auth.none() }));
    expect(json.variable).toBeUndefined();
    expect(bound({ auth: Auth.none() }).environment).toMatchObject({ MODEL_SERVING_AUTH: 'none' });
  });

  test('uses keys that the caller refers to, and refuses one that stands in the program', () => {
    const { json } = synthesize(stack => {
      const key = new TerraformVariable(stack, 'mine', { type: 'string', sensitive: true }).stringValue;
      service(stack, 'DigitsService', { auth: Auth.keys({ primaryKey: key, secondaryKey: key }) });
    });
    expect(Object.keys(json.variable)).toEqual(['mine']);
    expect(() => bound({ auth: Auth.keys({ primaryKey: 'hunter2' }) })).toThrow(/primaryKey.*AUTH_LITERAL_KEY/);
    expect(() => bound({ auth: Auth.keys({ secondaryKey: 'hunter2' }) })).toThrow(/secondaryKey.*AUTH_LITERAL_KEY/);
  });

  test('an error never repeats the key', () => {
    expect(() => bound({ auth: Auth.keys({ primaryKey: 'hunter2' }) })).not.toThrow(/hunter2/);
  });

  test('refuses two services whose variables would have one name', () => {
    expect(() =>
      synthesize(stack => {
        service(stack, 'Digits-A');
        service(stack, 'Digits_A', { webserviceName: 'digits-b' });
      }),
    ).toThrow(/digits_a_primary_key.*VARIABLE_EXISTS/);
  });
});

describe('addOutputs', () => {
  test('names the URIs after the service, and nothing is output without it', () => {
    const { json } = synthesize(stack => void service(stack, 'DigitsService'));
    expect(json.output).toBeUndefined();
    const outputs = synthesize(stack => service(stack, 'DigitsService').addOutputs()).outputs();
    expect(outputs.digits_service_scoring_uri.value).toBe('http://localhost/score');
    expect(outputs.digits_service_swagger_uri.value).toBe('http://localhost/swagger.json');
    expect(outputs.digits_service_health_uri.value).toBe('http://localhost/');
  });

  test('refuses a name that is taken, and takes a prefix', () => {
    synthesize(stack => {
      service(stack, 'A1', { webserviceName: 'digits' }).addOutputs();
      const other = service(stack, 'B1', { webserviceName: 'digits' });
      expect(() => other.addOutputs()).toThrow(/digits_scoring_uri.*OUTPUT_EXISTS/);
      expect(() => other.addOutputs({ prefix: 'staging' })).not.toThrow();
    });
  });
});

describe('WebserviceDefaults', () => {
  test('hold for every service below, the nearest construct and the service itself winning', () => {
    const of = (tags?: { [name: string]: string }) =>
      bound({ tags }, stack => {
        WebserviceDefaults.of(stack.node.root).set({ tags: { team: 'vision', stage: 'dev' }, auth: Auth.none() });
        WebserviceDefaults.of(stack).set({ tags: { stage: 'test' }, environment: { REGION: 'eu' } });
      });
    expect(of().tags).toEqual({ team: 'vision', stage: 'test' });
    expect(of({ stage: 'prod' }).tags).toEqual({ team: 'vision', stage: 'prod' });
    expect(of().auth.mode).toBe('none');
    expect(of().environment).toMatchObject({ REGION: 'eu' });
  });

  test('do not reach a sibling', () => {
    synthesize(stack => {
      const [left, right] = [new Construct(stack, 'Left'), new Construct(stack, 'Right')];
      WebserviceDefaults.of(left).set({ auth: Auth.none() });
      expect(service(left, 'Service').bound.auth.mode).toBe('none');
      expect(service(right, 'Service').bound.auth.mode).toBe('keys');
    });
  });
});

describe('probes', () => {
  test('give a model 310 seconds to load, as v1 did, however often they ask', () => {
    for (const periodSeconds of [1, 2, 7, 60]) {
      const { startup } = bindProbes({ startup: { periodSeconds } });
      expect(startup.periodSeconds * startup.failureThreshold).toBeGreaterThanOrEqual(310);
      expect(startup.periodSeconds * (startup.failureThreshold - 1)).toBeLessThan(310);
    }
  });

  test("have v1's numbers for liveness, and take others one by one", () => {
    expect(bindProbes().liveness).toMatchObject({
      periodSeconds: 10,
      timeoutSeconds: 2,
      successThreshold: 1,
      failureThreshold: 3,
    });
    expect(bindProbes({ liveness: { timeoutSeconds: 5 } }).liveness).toMatchObject({ periodSeconds: 10, timeoutSeconds: 5 });
  });
});
