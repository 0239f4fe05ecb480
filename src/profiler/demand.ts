import { calm } from './interference';
import { Measurement } from './measurement';
import type { Batching, ServiceDemand } from './quota-simulator';
import type { SettingsDemand } from './search';
import { ServerSettings, settingsKey } from './server-settings';
import { mean, median, quantile, sorted } from './statistics';

/** What one request costs with some settings, with the figures that people read. */
export interface MeasuredDemand extends SettingsDemand {
  /** CPU milliseconds per request, alone on the machine. */
  readonly serialCpuMs: number;
  /** The same at the rate that was asked for, where memory caches are colder and threads wake more. */
  readonly atRateCpuMs: number;
  /** Wall milliseconds of a request that waits for nothing. */
  readonly serviceMs: number;
  /** Requests a second without limits and without batches. */
  readonly capacity: number;
  /** CPU milliseconds per request of each kept window, at the reference speed: their spread is the repeatability. */
  readonly windowCpuMs: readonly number[];
  /** The same of pieces of the windows, to compare profiles by. */
  readonly sampleCpuMs: readonly number[];
}

/** The speed that demands are restated at: the middle one of what was seen. */
export const referenceSpeed = (measurements: readonly Measurement[]): number => median(measurements.map(each => each.coreSpeed));

/** A figure as it would be on a core of the reference speed. */
export const restate = (value: number, measurement: Pick<Measurement, 'coreSpeed'>, speed: number): number =>
  (value * measurement.coreSpeed) / speed;

/**
 * The demand of some settings, from interleaved windows: medians over windows, disturbed ones left out, every window restated
 * at the reference speed of a core.
 */
export function summarizeDemand(settings: ServerSettings, measurements: readonly Measurement[], speed: number): MeasuredDemand {
  const own = measurements.filter(each => each.settings === settingsKey(settings));
  const of = (kind: Measurement['kind']) => calm(own.filter(each => each.kind === kind));
  const serial = of('serial');
  const windowCpuMs = serial.map(each => restate(each.cpuMsPerRequest, each, speed));
  const serialCpuMs = median(windowCpuMs);
  const atRate = of('at-rate').map(each => restate(each.cpuMsPerRequest, each, speed));
  const atRateCpuMs = Math.max(serialCpuMs, atRate.length > 0 ? median(atRate) : 0);
  const serviceMs = median(serial.map(each => restate(undelayed(each), each, speed)));
  const perRequest = of('saturated').map(each => restate(each.load.elapsedMs / each.answered, each, speed));
  // an engine's time for a request; two requests cannot overlap by less than nothing: noise only
  const occupied = Math.min(perRequest.length > 0 ? median(perRequest) * settings.workers : Infinity, serviceMs);
  const saturated = of('saturated').map(each => restate(each.cpuMsPerRequest, each, speed));
  const shape = relativeCost(serial);
  return {
    settings,
    serialCpuMs,
    atRateCpuMs,
    serviceMs,
    capacity: (1000 / occupied) * settings.workers,
    windowCpuMs,
    sampleCpuMs: serial.flatMap(each => pieces(each).map(piece => restate(piece, each, speed))),
    cpuMs: shape.map(each => each * atRateCpuMs),
    occupancyMs: shape.map(each => each * occupied),
    overheadMs: serviceMs - occupied,
    ...(saturated.length > 0 ? { saturatedCpuMs: median(saturated) } : {}),
    workers: settings.workers,
  };
}

/** Pieces of one window: five windows give the fifteen samples that find 5 % with a chance of nine in ten. */
const PIECES = 3;

/** CPU milliseconds per request of pieces of a window, where each request's was read; else of the whole window. */
function pieces({ load, cpuMsPerRequest }: Measurement): number[] {
  const perRequest = Array.from(load.cpuMs);
  if (perRequest.length < PIECES) return [cpuMsPerRequest];
  const at = (piece: number) => Math.round((piece * perRequest.length) / PIECES);
  return Array.from({ length: PIECES }, (_, piece) => mean(perRequest.slice(at(piece), at(piece + 1))));
}

/** How long a request takes alone, without what its threads waited for a processor that others had. */
function undelayed(serial: Measurement): number {
  const wallMs = median(serial.load.latenciesMs);
  return Math.max(wallMs - serial.waitMsPerRequest, Math.min(wallMs, serial.cpuMsPerRequest));
}

/**
 * How single requests differ from the mean one. From their CPU time where it was read for each, else from how long they took
 * alone; the slowest hundredth is cut off there, as it is the machine's doing and not the request's.
 */
function relativeCost(serial: readonly Measurement[]): Float64Array {
  const cpu = serial.flatMap(each => Array.from(each.load.cpuMs));
  if (cpu.length > 0) return relative(cpu);
  const walls = serial.flatMap(each => Array.from(each.load.latenciesMs)).filter(Number.isFinite);
  const most = quantile(sorted(walls), 0.99);
  return relative(walls.map(wall => Math.min(wall, most)));
}

function relative(values: readonly number[]): Float64Array {
  const average = mean(values);
  return Float64Array.from(values, value => value / average);
}

/** Requests that shared runs: how many on average, and what each cost. */
export interface SharedRuns {
  readonly batch: number;
  readonly cpuMsPerRequest: number;
}

/**
 * The share of a run's cost that does not grow with the requests in it, 0 to 1, by least squares over
 * `cost(n) / cost(1) = share / n + (1 − share)`. Zero where batches save nothing worth a longer run.
 */
export function fixedShareOf(aloneCpuMs: number, shared: readonly SharedRuns[]): number {
  const points = shared.filter(each => each.batch > 1.2);
  if (points.length === 0) return 0;
  const saved = points.map(each => ({ x: 1 - 1 / each.batch, y: 1 - each.cpuMsPerRequest / aloneCpuMs }));
  const share = mean(saved.map(({ x, y }) => x * y)) / mean(saved.map(({ x }) => x * x));
  return share < 0.05 ? 0 : Math.min(share, 0.99);
}

/** What sharing runs saves, as far as it was seen; undefined where it saves nothing. Of larger batches nothing is computed. */
export function batchingOf(aloneCpuMs: number, shared: readonly SharedRuns[]): Batching | undefined {
  const fixedShare = fixedShareOf(aloneCpuMs, shared);
  return fixedShare === 0 ? undefined : { fixedShare, maxBatch: Math.ceil(Math.max(...shared.map(each => each.batch))) };
}

/** The same server with and without the sharing of runs. */
export function withBatches(demand: MeasuredDemand, batching: Batching | undefined): MeasuredDemand[] {
  const alone = { ...demand, settings: { ...demand.settings, maxBatch: 1 } };
  return batching && demand.settings.maxBatch > 1 ? [alone, { ...demand, batching }] : [alone];
}

/**
 * What requests cost, as a multiple of the demand. Those that share runs cost less each, which says nothing of what one alone
 * would cost, and their sharing is simulated already.
 */
export function costRatio(
  cpuMsPerRequest: number,
  { atRateCpuMs, batching }: Pick<MeasuredDemand, 'atRateCpuMs' | 'batching'>,
): number {
  const factor = cpuMsPerRequest / atRateCpuMs;
  return batching ? Math.max(1, factor) : factor;
}

/** The demand where requests cost `factor` times as much. */
export function scaleDemand(demand: MeasuredDemand, factor: number): MeasuredDemand {
  return {
    ...scaleService(demand, factor),
    serialCpuMs: demand.serialCpuMs * factor,
    atRateCpuMs: demand.atRateCpuMs * factor,
    serviceMs: demand.serviceMs * factor,
    capacity: demand.capacity / factor,
  };
}

/** The same for what is simulated. */
export function scaleService<T extends ServiceDemand>(demand: T, factor: number): T {
  return {
    ...demand,
    ...(demand.saturatedCpuMs === undefined ? {} : { saturatedCpuMs: demand.saturatedCpuMs * factor }),
    cpuMs: demand.cpuMs.map(each => each * factor),
    occupancyMs: demand.occupancyMs.map(each => each * factor),
  };
}
