import { calm, Measurement } from './measurement';
import { ThreadDemand } from './search';
import { mean, median, quantile, sorted } from './statistics';

/** What one request costs with a number of threads, with the figures that people read. */
export interface MeasuredDemand extends ThreadDemand {
  /** CPU milliseconds per request, alone on the machine. */
  readonly serialCpuMs: number;
  /** The same at the rate that was asked for, where memory caches are colder and threads wake more. */
  readonly atRateCpuMs: number;
  /** Wall milliseconds of a request that waits for nothing. */
  readonly serviceMs: number;
  /** Requests a second without limits. */
  readonly capacity: number;
  /** CPU milliseconds per request of each kept window, at the reference speed: their spread is the repeatability. */
  readonly windowCpuMs: readonly number[];
}

/** The speed that demands are restated at: the middle one of what was seen. */
export const referenceSpeed = (measurements: readonly Measurement[]): number => median(measurements.map(each => each.coreSpeed));

/**
 * The demand of one number of threads, from interleaved windows: medians over windows, disturbed ones left out, every
 * window restated at the reference speed of a core.
 */
export function summarizeDemand(threads: number, measurements: readonly Measurement[], speed: number): MeasuredDemand {
  const of = (kind: Measurement['kind']) => calm(measurements.filter(each => each.threads === threads && each.kind === kind));
  const restate = (value: number, measurement: Measurement) => (value * measurement.coreSpeed) / speed;
  const serial = of('serial');
  const windowCpuMs = serial.map(each => restate(each.cpuMsPerRequest, each));
  const serialCpuMs = median(windowCpuMs);
  const atRate = of('at-rate').map(each => restate(each.cpuMsPerRequest, each));
  const atRateCpuMs = Math.max(serialCpuMs, atRate.length > 0 ? median(atRate) : 0);
  const serviceMs = median(serial.map(each => restate(undelayed(each), each)));
  const perRequest = median(of('concurrent').map(each => restate(each.load.elapsedMs / each.answered, each)));
  // two requests cannot overlap by less than nothing: noise only
  const occupied = Math.min(perRequest, serviceMs);
  const shape = relativeCost(serial);
  return {
    threads,
    serialCpuMs,
    atRateCpuMs,
    serviceMs,
    capacity: 1000 / occupied,
    windowCpuMs,
    cpuMs: shape.map(each => each * atRateCpuMs),
    occupancyMs: shape.map(each => each * occupied),
    overheadMs: serviceMs - occupied,
  };
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

/** The demand after a run under limits showed that requests cost `factor` times as much. */
export function scaleDemand(demand: MeasuredDemand, factor: number): MeasuredDemand {
  return {
    ...demand,
    atRateCpuMs: demand.atRateCpuMs * factor,
    cpuMs: demand.cpuMs.map(each => each * factor),
    occupancyMs: demand.occupancyMs.map(each => each * factor),
  };
}
