import type { FilePosition } from './file-position.ts'
import { FILE_START } from './file-position.ts'
import type { FileReader } from './path-partition.ts'
import type { RecordFormat } from './record-parser.ts'
import { RecordPartition } from './record-partition.ts'

/** Reads the records of a text format. */
export function recordReader<V>(format: RecordFormat<V>): FileReader<V> {
  return async (input, start: FilePosition, origin, beginning) => {
    const parser = format.open(origin)
    // A parser that is to continue after the first record is shown that first.
    if (start.offset > 0 && !parser.primed) {
      const first = new RecordPartition(await beginning(), format, parser, origin, FILE_START)
      try {
        let status = first.poll(NOWHERE, 1)
        while (!parser.primed && status !== 'finished') {
          if (status === 'idle') await first.ready()
          status = first.poll(NOWHERE, 1)
        }
      } finally {
        await first.close()
      }
    }
    return new RecordPartition(input, format, parser, origin, start)
  }
}

const NOWHERE = { emit: () => {}, emitAll: () => {}, emitIndexed: () => {} }
