import { type FusedOperator, isTimestamp, type OperatorContext, type TimestampAlgebra } from '@malstrom/core'
import type { OperatorDefinition } from '../stream/definition.ts'
import type { EpochGenerator } from './epoch-generator.ts'
import { LastEpoch } from './last-epoch.ts'
import { endLines, isEnd, ON_TIME, rejectEpoch, routeLines } from './late-records.ts'
import { openPeriodic, type PeriodicEpochs } from './periodic-epochs.ts'

type AnyGenerator = EpochGenerator<unknown, unknown>

/**
 * Generates epochs and separates late records. A record is late if it is not after the last epoch
 * *before* its own; the epoch it leads to follows it. The late stream is told only of its end.
 */
export function generateEpochs(generator: AnyGenerator | PeriodicEpochs<unknown, unknown>): OperatorDefinition {
  return {
    kind: 'generateEpochs',
    outputNames: ['onTime', 'late'],
    optionalOutputs: ['late'],
    needsEach: true,
    open: (context, { time }) =>
      typeof generator === 'function' ? openEpochs(generator, context, time) : openPeriodic(generator, context, time),
  }
}

function openEpochs(generator: AnyGenerator, context: OperatorContext, time: TimestampAlgebra<unknown>): FusedOperator {
  const last = new LastEpoch(time)
  return {
    snapshot: () => last.value,
    restore: (saved) => last.restore(saved),
    record(code, record) {
      const epoch = code.local('epoch')
      return [
        `${epoch} = ${code.bind('generate', generator)}(${record.value}, ${record.timestamp}, ${last.orUndefined(code)})`,
        routeLines(code, context, last.covers(code, record.timestamp), record),
        `if (${epoch} !== undefined && ${last.precedes(code, epoch)}) {`,
        `if (${code.noTimestamp(time, epoch)}) ${code.bind('reject', rejectEpoch)}(${epoch})`,
        `${last.slot(code)} = ${epoch}\n${code.advance(epoch, ON_TIME)}\n}`,
      ].join('\n')
    },
    epoch: (code, epoch) =>
      `if (${last.precedes(code, epoch)}) {\n${last.slot(code)} = ${epoch}\n${code.advance(epoch, ON_TIME)}\n}\n${endLines(code, time, epoch)}`,
    interpret(onTime, late) {
      const advance = (epoch: unknown) => {
        if (last.value !== undefined && time.compare(epoch, last.value) <= 0) return
        if (!isTimestamp(time, epoch)) rejectEpoch(epoch)
        last.value = epoch
        onTime.epoch(epoch)
      }
      return {
        data: (value, key, timestamp) => {
          const previous = last.value
          const epoch = generator(value, timestamp, previous)
          if (previous !== undefined && time.compare(timestamp, previous) <= 0) {
            context.counters.late++
            late.data(value, key, timestamp)
          } else onTime.data(value, key, timestamp)
          if (epoch !== undefined) advance(epoch)
        },
        epoch: (epoch) => {
          advance(epoch)
          if (isEnd(time, epoch)) late.epoch(epoch)
        },
      }
    },
  }
}
