import type { ServerProcess } from './server-process';

/** Runs of the model so far, and the requests in them. */
export interface BatchSizes {
  readonly runs: number;
  readonly requests: number;
}

/** From the server's own metrics; undefined where it shows none. */
export async function readBatchSizes({ metricsUri }: Pick<ServerProcess, 'metricsUri'>): Promise<BatchSizes | undefined> {
  if (!metricsUri) return undefined;
  try {
    const response = await fetch(metricsUri, { signal: AbortSignal.timeout(2000) });
    return parseBatchSizes(await response.text());
  } catch {
    return undefined;
  }
}

/** The histogram `…batch_size` of a Prometheus text, summed over its labels. */
export function parseBatchSizes(text: string): BatchSizes | undefined {
  const total = (suffix: string) => {
    const values = [...text.matchAll(new RegExp(`^\\w*batch_size_${suffix}(?:\\{[^}]*\\})? (\\S+)`, 'gm'))].map(([, value]) =>
      Number(value),
    );
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
  };
  const [runs, requests] = [total('count'), total('sum')];
  return runs === undefined || requests === undefined ? undefined : { runs, requests };
}
