/** What is told of a job where nobody has asked to be told. */
export function toStandardError(line: string): void {
  process.stderr.write(`malstrom: ${line}\n`)
}
