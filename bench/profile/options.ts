import * as path from 'path';
import { parseArgs } from 'util';

export const PARTS = [
  'profile',
  'oracle',
  'holds',
  'below',
  'capacity',
  'p95',
  'quick',
  'memory',
  'replicas',
  'repeat',
  'noise',
  'options',
  'stall',
] as const;
export type Part = (typeof PARTS)[number];

export const HELP = `Measures how right \`model-serving profile\` is: ten models, two targets each, beside brute force.

  npm run bench:profile -- --write               everything, about 80 minutes; into docs/profiling-accuracy.md
  npm run bench:profile -- --rounds 10 --write   the same with twice the repeats, about 100 minutes
  npm run bench:profile -- --only tiny,conv --parts profile,holds

What is finished is kept in results.json of the scratch folder and not measured again; --fresh begins anew.
It sets limits by control groups, so it needs root on Linux, and a quiet machine; the part 'replicas' needs HAProxy.

  --only <a,b>      cases, by the start of their names
  --parts <a,b>     ${PARTS.join(', ')}
  --rounds <n>      profiles of each repeated case, quiet and beside a neighbour (5); a third of it for session options
  --scratch <dir>   Python environment, models, results (node_modules/.cache/cdktf-model-serving/bench-profile)
  --programs <dir>  programs bundled before, instead of some bundled now
  --report          measures nothing, reports what is there
  --fresh           forgets what is there
  --write           also writes docs/profiling-accuracy.md and bench/profile/oracle.json`;

export interface BenchOptions {
  readonly help: boolean;
  /** Whether a case takes part, by its id. */
  readonly only: (id: string) => boolean;
  readonly parts: ReadonlySet<Part>;
  readonly rounds: number;
  readonly scratch: string;
  readonly programs?: string;
  readonly report: boolean;
  readonly fresh: boolean;
  readonly write: boolean;
}

/** @throws Error where an option is unknown or has a value that means nothing */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      parts: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      scratch: { type: 'string', default: 'node_modules/.cache/cdktf-model-serving/bench-profile' },
      programs: { type: 'string' },
      report: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { help, report, fresh, write } = values;
  if (!/^[1-9]\d?$/.test(values.rounds)) throw new Error(`--rounds is '${values.rounds}'; it must be an integer from 1 to 99.`);
  const starts = values.only?.split(',');
  return {
    ...{ help, report, fresh, write },
    only: id => starts === undefined || starts.some(start => id.startsWith(start)),
    parts: new Set(values.parts === undefined ? PARTS : values.parts.split(',').map(checkPart)),
    rounds: Number(values.rounds),
    scratch: path.resolve(values.scratch),
    programs: values.programs === undefined ? undefined : path.resolve(values.programs),
  };
}

function checkPart(name: string): Part {
  const known = PARTS.find(part => part === name);
  if (!known) throw new Error(`There is no part '${name}'. Parts: ${PARTS.join(', ')}.`);
  return known;
}
