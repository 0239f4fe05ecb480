import { differenceFor } from './row';
import { starts, tables } from './table';

/** How many rows there are, how many replays of them against this server, and how many differ on purpose in some runtime. */
export function count(): { readonly rows: number; readonly replays: number; readonly different: number } {
  const rows = [...tables.flatMap(table => table.rows), ...starts.rows];
  const replays = rows.reduce((sum, row) => sum + row.runtimes.length, 0);
  const different = rows.filter(row => row.runtimes.some(runtime => differenceFor<object>(row, runtime) !== undefined)).length;
  return { rows: rows.length, replays, different };
}

/** `parity: 200 rows, 150 identical, 50 different on purpose` */
export function countLine(): string {
  const { rows, different } = count();
  return `parity: ${rows} rows, ${rows - different} identical, ${different} different on purpose`;
}
