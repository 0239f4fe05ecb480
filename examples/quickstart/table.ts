/** Columns as wide as their widest cell, two spaces apart; `indent` begins every line. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>, indent = ''): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map(line => line[column].length)));
  return lines
    .map(
      line =>
        indent +
        line
          .map((cell, column) => cell.padEnd(widths[column]))
          .join('  ')
          .trimEnd(),
    )
    .join('\n');
}
