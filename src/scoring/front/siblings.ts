import { Server } from 'net';
import { Restarts } from '../engine/restarts';
import { Log } from '../log';
import { countsOf, mergeMetrics } from '../telemetry/merged-metrics';
import { SiblingProcess } from './sibling-process';

/** A front that has served for so long was of use. Milliseconds. */
const OF_USE_MS = 10_000;

export interface SiblingsOptions {
  /** The bundle that they are started from. */
  readonly program: string;
  readonly count: number;
  /** What they take connections from, beside this front. */
  readonly listener: Server;
  readonly log: Log;
}

/**
 * Further fronts beside this one. A front that scores cheap models itself keeps one core busy and no more; siblings listen on the
 * same socket, so that whichever is free takes the next connection. Those that are lost are replaced.
 */
export class Siblings {
  private readonly alive = new Set<SiblingProcess>();
  private readonly restarts = new Restarts();
  /** What those that are gone had counted when they were last asked. */
  private lost: readonly string[] = [];
  private stopping = false;

  constructor(private readonly options: SiblingsOptions) {
    for (let i = 0; i < options.count; i++) this.start();
  }

  /** This front's metrics and all others', summed. */
  async metrics(own: string): Promise<string> {
    await Promise.all([...this.alive].map(sibling => sibling.scrape()));
    const theirs = [...this.alive].map(({ lastMetrics }) => lastMetrics).filter(text => text !== undefined);
    return mergeMetrics([own, ...theirs, ...this.lost]);
  }

  /** Resolves when all have answered what they had begun, and ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.restarts.cancel();
    for (const sibling of this.alive) sibling.stop();
    await Promise.all([...this.alive].map(({ gone }) => gone));
  }

  kill(): void {
    this.stopping = true;
    for (const sibling of this.alive) sibling.kill();
  }

  private start(): void {
    const { program, listener, log } = this.options;
    const sibling = new SiblingProcess(program, listener, () => log.info('front-listening', { front: sibling.pid }));
    this.alive.add(sibling);
    void sibling.gone.then(how => this.replace(sibling, how));
  }

  private replace(sibling: SiblingProcess, how: string): void {
    const { listeningSince, lastMetrics } = sibling;
    this.alive.delete(sibling);
    if (lastMetrics !== undefined) this.lost = [mergeMetrics([...this.lost, countsOf(lastMetrics)])];
    if (this.stopping) return;
    this.options.log.error('front-lost', { front: sibling.pid, message: how });
    if (listeningSince !== undefined && performance.now() - listeningSince > OF_USE_MS) this.restarts.worked();
    this.restarts.schedule(() => this.start());
  }
}
