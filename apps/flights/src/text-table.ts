export interface Column<R> {
  readonly title: string
  /** Numbers are aligned at their end. */
  readonly align: 'start' | 'end'
  text(row: R): string
}

/** Rows as aligned text: a line of titles, a rule, and a line for each row. */
export function textTable<R>(columns: readonly Column<R>[], rows: readonly R[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map((column) => column.text(row)))]
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)))
  const pad = (text: string, i: number) => (columns[i]?.align === 'end' ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))
  const [titles = '', ...lines] = cells.map((line) => line.map(pad).join('  ').trimEnd())
  return [titles, widths.map((width) => '-'.repeat(width)).join('  '), ...lines].join('\n')
}
