import { MalstromError } from '@malstrom/core'
import type { OperatorDefinition } from '../stream/definition.ts'

const CLONES_MAX = 1_000

/** Sends each record and each epoch to every output. The outputs share the values; nothing is copied. */
export function cloned(count: number): OperatorDefinition {
  if (!(Number.isInteger(count) && count > 0 && count <= CLONES_MAX)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `cloned needs a number of streams from 1 to ${CLONES_MAX}, not ${count}.`)
  }
  return {
    kind: 'cloned',
    outputNames: Array.from({ length: count }, (_, index) => String(index)),
    open: () => ({
      record: (code, record) => Array.from({ length: count }, (_, output) => code.emit(record, output)).join('\n'),
      interpret: (...outputs) => ({
        data: (value, key, timestamp) => {
          for (const output of outputs) output.data(value, key, timestamp)
        },
        epoch: (epoch) => {
          for (const output of outputs) output.epoch(epoch)
        },
      }),
    }),
  }
}
