import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Where the workers write down when the first record was read and the last one has arrived, in milliseconds since the epoch, and how
 * long each was under way, in microseconds: memory, which threads share, or a directory, which processes share.
 */
export type ReportTo = { readonly times: SharedArrayBuffer; readonly latencies?: SharedArrayBuffer } | { readonly directory: string }

export interface Report {
  first(at: number): void
  last(at: number, latencies: Float64Array | undefined): void
}

export function reporter(to: ReportTo): Report {
  if ('times' in to) {
    const times = new Float64Array(to.times)
    return {
      first(at) {
        times[0] = at
      },
      last(at, latencies) {
        times[1] = at
        if (latencies !== undefined && to.latencies !== undefined) new Float64Array(to.latencies).set(latencies)
      },
    }
  }
  const write = (name: string, content: unknown) => writeFileSync(join(to.directory, name), JSON.stringify(content))
  return {
    first: (at) => write('first.json', at),
    last(at, latencies) {
      write('last.json', at)
      if (latencies !== undefined) write('latencies.json', [...latencies])
    },
  }
}

/** What processes have written to their directory. */
export function readReport(directory: string, name: 'first' | 'last'): number
export function readReport(directory: string, name: 'latencies'): number[]
export function readReport(directory: string, name: string): unknown {
  return JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8'))
}
