import { Log } from '../../../src/scoring/log';
import { Telemetry } from '../../../src/scoring/telemetry/telemetry';
import { readTelemetrySettings } from '../../../src/scoring/telemetry/telemetry-settings';

/** Collects `argv[2]` requests as the environment says, and stops; what is logged goes to standard output. */
async function main(): Promise<void> {
  const { settings, faults } = readTelemetrySettings(process.env);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const gauges = { inFlight: () => 0, queueLength: () => 0, heldBytes: () => 0, engines: () => 1 };
  const telemetry = await Telemetry.start(settings, gauges, new Log(line => process.stdout.write(line)));
  for (let i = 0; i < Number(process.argv[2]); i++) {
    telemetry.collect({
      modelName: 'digits',
      modelVersion: '3',
      requestId: `${settings.instance}-${i}`,
      time: new Date(Date.UTC(2026, 2, 4, 5)),
      path: '/score',
      method: 'POST',
      status: 200,
      input: Buffer.from(`{"x":[[${i},0.5]]}`),
      inputType: 'application/json',
      output: Buffer.from(`{"label":[${i}]}`),
      outputType: 'application/json',
    });
  }
  await telemetry.stop(20_000);
}

void main();
