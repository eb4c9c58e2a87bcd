import { readFileSync } from 'node:fs'
import { dataFile } from './data-file.ts'

export interface Airport {
  readonly name: string
  readonly city: string
  readonly state: string
}

/** The airports of the United States by IATA code: a table of 3,376 lines that is read when the job is built. */
export function readAirports(): ReadonlyMap<string, Airport> {
  const [, ...lines] = readFileSync(dataFile('airports.csv'), 'utf8').trimEnd().split('\n')
  return new Map(
    lines.map((line) => {
      const [iata = '', name = '', city = '', state = ''] = csvFields(line)
      return [iata, { name, city, state }]
    }),
  )
}

/** A field is quoted, with its quotes doubled, or has neither comma nor quote. */
function csvFields(line: string): string[] {
  if (!line.includes('"')) return line.split(',')
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain)
}
