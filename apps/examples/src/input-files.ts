import { mkdirSync, writeFileSync } from 'node:fs'

const directory = 'scratch/file-source'

/** The files that the file sources read, and their lines. */
const inputFiles: Readonly<Record<string, readonly string[]>> = {
  [`${directory}/winds.txt`]: ['north wind', 'east wind', 'south wind', 'west wind'],
  [`${directory}/tides.txt`]: ['high tide', 'low tide', 'spring tide'],
}

export const inputPaths: readonly string[] = Object.keys(inputFiles)

/** Writes the input files; what a former run has left is replaced. */
export function writeInputFiles(): void {
  mkdirSync(directory, { recursive: true })
  for (const [path, lines] of Object.entries(inputFiles)) writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
}
