import { readTelemetrySettings } from '../../../src/scoring/telemetry/telemetry-settings';
import { KEY } from './support/ingestion';

const CONTAINER = 'https://contoso.blob.core.windows.net/modeldata';
const COLLECTING = { AML_MDC_STORAGE_ENABLED: 'true', MODEL_SERVING_COLLECT_URI: CONTAINER };

describe('readTelemetrySettings', () => {
  test('an empty environment turns nothing on', () => {
    const { settings, faults } = readTelemetrySettings({
      HOSTNAME: 'replica-1',
      AML_APP_INSIGHTS_ENABLED: '',
      AML_APP_INSIGHTS_KEY: KEY,
    });

    expect(faults).toEqual([]);
    expect(settings).toEqual({ serviceName: 'ML service', serviceVersion: '1.0', workspaceName: '', instance: 'replica-1' });
  });

  test.each([
    [{ APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${KEY}` }, true],
    [{ APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${KEY}`, AML_APP_INSIGHTS_ENABLED: 'false' }, false],
    [{ AML_APP_INSIGHTS_KEY: KEY, AML_APP_INSIGHTS_ENABLED: 'True' }, true],
    [{ AML_APP_INSIGHTS_KEY: KEY }, false],
  ])('%j reports to Application Insights: %s, without answers', (env, on) => {
    const { settings, faults } = readTelemetrySettings(env);

    expect(faults).toEqual([]);
    expect(settings.applicationInsights?.logResponses).toBe(on ? false : undefined);
  });

  test.each(['AML_MDC_STORAGE_ENABLED', 'AML_MODEL_DC_STORAGE_ENABLED'])('%s turns data collection on', name => {
    const { settings, faults } = readTelemetrySettings({
      [name]: 'true',
      MODEL_SERVING_COLLECT_URI: `${CONTAINER}/`,
      MODEL_SERVING_COLLECT_FORMAT: 'jsonl',
      MODEL_SERVING_COLLECT_SAMPLE: '0.25',
    });

    expect(faults).toEqual([]);
    expect(settings.dataCollection).toMatchObject({ containerUrl: CONTAINER, format: 'jsonl', sampleRate: 0.25 });
  });

  test('a share may be tiny', () => {
    const { settings, faults } = readTelemetrySettings({ ...COLLECTING, MODEL_SERVING_COLLECT_SAMPLE: String(1e-7) });

    expect(faults).toEqual([]);
    expect(settings.dataCollection?.sampleRate).toBe(1e-7);
  });

  test('metrics listen where the server does, unless told otherwise', () => {
    expect(readTelemetrySettings({ MODEL_SERVING_METRICS_PORT: '9090', MODEL_SERVING_HOST: '0.0.0.0' }).settings.metrics).toEqual(
      {
        host: '0.0.0.0',
        port: 9090,
      },
    );
    expect(readTelemetrySettings({ MODEL_SERVING_METRICS_PORT: '0' }).settings.metrics).toEqual({ host: '127.0.0.1', port: 0 });
  });

  test('an account key opens an emulator on this machine', () => {
    const local = { ...COLLECTING, MODEL_SERVING_COLLECT_URI: 'http://127.0.0.1:10000/devstoreaccount1/modeldata' };

    expect(readTelemetrySettings({ ...local, AZURE_STORAGE_CONNECTION_STRING: 'UseDevelopmentStorage=true' }).faults).toEqual([]);
  });

  test.each([
    [{ MODEL_SERVING_METRICS_PORT: '70000' }, /METRICS_PORT is '70000'; it must be an integer from 0 to 65535/],
    [{ MODEL_SERVING_METRICS_PORT: '5001', MODEL_SERVING_PORT: '5001' }, /a port of their own/],
    [{ MODEL_SERVING_METRICS_PORT: '05001' }, /a port of their own/],
    [{ AML_APP_INSIGHTS_ENABLED: 'true' }, /neither APPLICATIONINSIGHTS_CONNECTION_STRING nor AML_APP_INSIGHTS_KEY is set/],
    [{ AML_APP_INSIGHTS_ENABLED: 'true', AML_APP_INSIGHTS_KEY: 'my key' }, /AML_APP_INSIGHTS_KEY cannot be used/],
    [{ AML_APP_INSIGHTS_ENABLED: 'perhaps' }, /'perhaps'; it must be true or false/],
    [{ AML_MDC_STORAGE_ENABLED: 'true' }, /MODEL_SERVING_COLLECT_URI is not set/],
    [{ ...COLLECTING, MODEL_SERVING_COLLECT_URI: 'modeldata' }, /must name a container/],
    [{ ...COLLECTING, MODEL_SERVING_COLLECT_URI: 'https://contoso.blob.core.windows.net/' }, /must name a container/],
    [{ ...COLLECTING, MODEL_SERVING_COLLECT_URI: `${CONTAINER}?sig=secret` }, /carries a token/],
    [{ ...COLLECTING, MODEL_SERVING_COLLECT_URI: 'http://contoso.blob.core.windows.net/modeldata' }, /must begin with https/],
    [{ ...COLLECTING, AZURE_STORAGE_CONNECTION_STRING: 'AccountKey=secret' }, /account keys are for a local emulator/],
    [{ ...COLLECTING, MODEL_SERVING_COLLECT_FORMAT: 'parquet' }, /'parquet'; allowed are 'csv' and 'jsonl'/],
    [{ ...COLLECTING, MODEL_SERVING_COLLECT_SAMPLE: '10%' }, /'10%'; it must be a number from 0/],
    [{ ...COLLECTING, MODEL_SERVING_COLLECT_SAMPLE: '1.5' }, /'1.5'; it must be a number from 0/],
  ])('%j is a fault that says what to do and tells no secret', (env, fault) => {
    const { faults } = readTelemetrySettings(env);

    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(faults[0]).not.toContain('secret');
  });

  test('all faults are found at once', () => {
    expect(
      readTelemetrySettings({
        ...COLLECTING,
        MODEL_SERVING_METRICS_PORT: 'x',
        AML_APP_INSIGHTS_ENABLED: 'y',
        MODEL_SERVING_COLLECT_SAMPLE: 'z',
      }).faults,
    ).toHaveLength(3);
  });
});
