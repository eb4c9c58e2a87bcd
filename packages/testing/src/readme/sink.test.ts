// #region sink
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sink } from '@malstrom/core'
import { sinkSuite } from '@malstrom/testing'

/** Appends lines to one file per key. */
function linesSink(folder: string): Sink<string, string, number, string, undefined> {
  return {
    partitionOf: (_value, key) => key,
    openPartition(partition) {
      let buffer = ''
      return {
        write(value) {
          buffer += `${value}\n`
        },
        get saturated() {
          return buffer.length >= 65_536
        },
        async flush() {
          const lines = buffer
          buffer = ''
          await appendFile(join(folder, partition), lines)
        },
        snapshot: () => undefined,
        close() {},
      }
    },
  }
}

sinkSuite('linesSink', {
  setup: () => mkdtemp(join(tmpdir(), 'lines-')), // before every check
  teardown: (folder) => rm(folder, { recursive: true }), // after every check
  create: (folder) => linesSink(folder),
  read: async (folder, partition) => (await readFile(join(folder, partition), 'utf8')).split('\n').slice(0, -1),
  records: ['one', 'two', 'three'].map((value, index) => ({ value, key: index === 1 ? 'even' : 'odd', timestamp: index })),
})
// #endregion
