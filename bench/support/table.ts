/** Rows in columns; a column without an alignment is one of figures. */
export function table(rows: string[][], alignments: ('left' | 'right')[] = ['left']): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          alignments[column] === 'left' ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
