import type { ProfileInput } from './input-set';
import { LoadGenerator, LoadJob, LoadResult } from './load-generator';

/** What the profiler sends to the generator's process. */
export type GeneratorRequest = { readonly inputs: readonly ProfileInput[] } | { readonly id: number; readonly job: LoadJob };

/** What comes back for a job. */
export type GeneratorReply =
  { readonly id: number; readonly result: LoadResult } | { readonly id: number; readonly error: string };

let generator: LoadGenerator | undefined;

process.on('message', (request: GeneratorRequest) => {
  if ('inputs' in request) {
    generator = new LoadGenerator(request.inputs);
    return;
  }
  const { id, job } = request;
  const run = generator ? generator.run(job) : Promise.reject(new Error('no inputs were given'));
  run.then(
    result => reply({ id, result }),
    error => reply({ id, error: String(error) }),
  );
});

// a generator without a profiler would load a server for ever
process.on('disconnect', () => process.exit());

function reply(message: GeneratorReply): void {
  process.send?.(message);
}
