import type { OperatorInfo } from '@malstrom/core'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'

/** Looks at every epoch, including the last one, and passes everything on unchanged. */
export function inspectFrontier(f: Callback): OperatorDefinition {
  return {
    kind: 'inspectFrontier',
    open(context) {
      const info: OperatorInfo = { workerId: context.workerId, operatorName: context.operatorName }
      return {
        record: (code, record) => code.emit(record),
        epoch: (code, epoch) => `${code.bind('inspect', f)}(${epoch}, ${code.bind('info', info)})\n${code.advance(epoch)}`,
        interpret: (next) => ({
          data: (value, key, timestamp) => next.data(value, key, timestamp),
          epoch: (epoch) => {
            f(epoch, info)
            next.epoch(epoch)
          },
        }),
      }
    },
  }
}
