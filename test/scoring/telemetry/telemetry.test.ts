import { execFileSync } from 'child_process';
import * as path from 'path';
import { Log } from '../../../src/scoring/log';
import { Telemetry } from '../../../src/scoring/telemetry/telemetry';
import { readTelemetrySettings } from '../../../src/scoring/telemetry/telemetry-settings';
import { IngestionEndpoint } from './support/ingestion';
import { parsePrometheus } from './support/prometheus';

const GAUGES = { inFlight: () => 1, queueLength: () => 0, heldBytes: () => 0, engines: () => 1 };
const LOG = new Log(() => undefined);

const start = (env: Record<string, string>) =>
  Telemetry.start(readTelemetrySettings({ HOSTNAME: 'replica-1', ...env }).settings, GAUGES, LOG, own => Promise.resolve(own));

const REQUEST = { method: 'POST', path: '/score', url: '/score', status: 200, startedAt: 0, seconds: 0.001, requestId: 'r' };

describe('Telemetry', () => {
  test('that is off takes everything and does nothing', async () => {
    const telemetry = await start({});
    telemetry.request(REQUEST);
    telemetry.exception(new Error('x'), {});
    telemetry.trace('x', 'information');
    telemetry.logLine('no JSON');
    telemetry.serving([]);
    telemetry.collectRecord({ name: 'a', version: '1' }, 'inputs', Buffer.from('1'));

    expect(telemetry).toMatchObject({ metrics: undefined, metricsPort: undefined, recordsRequests: false, collects: false });
    await telemetry.stop();
  });

  test('that is on answers scrapes and reports to Application Insights', async () => {
    const endpoint = await IngestionEndpoint.start();
    const telemetry = await start({
      MODEL_SERVING_METRICS_PORT: '0',
      APPLICATIONINSIGHTS_CONNECTION_STRING: endpoint.connectionString,
    });
    telemetry.metrics?.requestDone('/score', 200, 0.001, 1, 1);
    telemetry.request(REQUEST);
    const scraped = await (await fetch(`http://127.0.0.1:${telemetry.metricsPort}/metrics`)).text();
    await telemetry.stop();

    expect(parsePrometheus(scraped).map(({ name }) => name)).toContain('http_server_request_duration_seconds_count');
    expect(endpoint.items.map(({ name }) => name)).toEqual(['Microsoft.ApplicationInsights.Request']);
    await endpoint.stop();
  });

  test('makes a trace of each line that is logged, but of none about telemetry and of no nonsense', async () => {
    const endpoint = await IngestionEndpoint.start();
    const telemetry = await start({ APPLICATIONINSIGHTS_CONNECTION_STRING: endpoint.connectionString });
    const log = new Log(line => telemetry.logLine(line));
    log.warning('not-warmed-up', { name: 'digits', tries: 3, message: 'no sample' });
    log.error('request-failed', { requestId: 'r-1' });
    log.warning('telemetry-failed', { message: 'loop' });
    for (const line of ['', 'null', '[]', '{"event":5}', 'plain']) telemetry.logLine(line);
    await telemetry.stop();

    expect(endpoint.items.map(({ data }) => data.baseData)).toMatchObject([
      {
        message: 'not-warmed-up: no sample',
        severityLevel: 2,
        properties: { name: 'digits', tries: '3', 'Request Id': 'Unknown' },
      },
      { message: 'request-failed', severityLevel: 3, properties: { 'Request Id': 'r-1' } },
    ]);
    await endpoint.stop();
  });

  test('a metrics port that is taken is said before anything else is started', async () => {
    const telemetry = await start({ MODEL_SERVING_METRICS_PORT: '0' });

    await expect(start({ MODEL_SERVING_METRICS_PORT: String(telemetry.metricsPort) })).rejects.toThrow(/is in use/);
    await telemetry.stop();
  });

  test('loads no part that is off', () => {
    const program = `
      require('esbuild').buildSync({ entryPoints: ['src/scoring/telemetry/telemetry.ts'], bundle: true, platform: 'node', format: 'cjs', write: false, metafile: true })
        .outputFiles.forEach(({ text }) => {
          const start = module.constructor._load;
          const loaded = [];
          module.constructor._load = (name, ...rest) => (loaded.push(name), start(name, ...rest));
          const bundle = { exports: {} };
          new Function('module', 'exports', 'require', '__filename', text)(bundle, bundle.exports, require, __filename);
          bundle.exports.Telemetry.start(JSON.parse(process.argv[1]), {}, {}, own => Promise.resolve(own))
            .then(telemetry => telemetry.stop())
            .then(() => console.log(JSON.stringify(loaded)));
        });`;
    const loaded = (settings: object): string[] => {
      const args = ['-e', program, JSON.stringify(settings)];
      return JSON.parse(execFileSync(process.execPath, args, { cwd: path.resolve(__dirname, '../../..'), encoding: 'utf8' }));
    };

    expect(loaded({})).toEqual([]);
    expect(loaded({ metrics: { host: '127.0.0.1', port: 0 } })).toEqual(expect.arrayContaining(['perf_hooks', 'http']));
  });
});
