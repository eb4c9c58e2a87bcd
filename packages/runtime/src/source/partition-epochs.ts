import { type FusedOperator, isTimestamp, type OperatorCounters, type PartitionEpochs, type SourceNode } from '@malstrom/core'
import { rejectTimestamp } from './check-timestamps.ts'
import type { PartitionFrontiers } from './partition-frontiers.ts'

const ON_TIME = 0
const LATE = 1

/** The part of a source that generates epochs per partition and separates late records, fused into its task. */
export function partitionEpochs(
  node: SourceNode,
  epochs: PartitionEpochs,
  frontiers: PartitionFrontiers,
  counters: OperatorCounters,
): FusedOperator {
  const time = node.outputTime
  const timestampOf = epochs.timestampOf ?? ((_value, timestamp) => timestamp)
  const isEnd = (epoch: unknown) => time.compare(epoch, time.max) >= 0
  return {
    record(code, { value, key, timestamp: own }) {
      const timestamp = code.local('timestamp')
      const late = code.local('late')
      const epoch = code.local('epoch')
      const all = code.bind('frontiers', frontiers)
      return [
        `${timestamp} = ${code.bind('timestampOf', timestampOf)}(${value}, ${own})`,
        `if (${code.noTimestamp(time, timestamp)}) ${code.bind('reject', rejectTimestamp)}(${timestamp})`,
        `${late} = ${all}.isLate(${timestamp})`,
        `${epoch} = ${all}.observe(${value}, ${timestamp})`,
        `if (${late}) {`,
        `${code.count(`${code.bind('counters', counters)}.late`)}\n${code.emit({ value, key, timestamp }, LATE)}`,
        '} else {',
        code.emit({ value, key, timestamp }, ON_TIME),
        '}',
        `if (${epoch} !== undefined) {\n${code.advance(epoch, ON_TIME)}\n}`,
      ].join('\n')
    },
    epoch: (code, epoch) =>
      `${code.advance(epoch, ON_TIME)}\nif (${code.bind('isEnd', isEnd)}(${epoch})) {\n${code.advance(epoch, LATE)}\n}`,
    interpret: (onTime, late) => ({
      data: (value, key, own) => {
        const timestamp = timestampOf(value, own)
        if (!isTimestamp(time, timestamp)) rejectTimestamp(timestamp)
        const isLate = frontiers.isLate(timestamp)
        const epoch = frontiers.observe(value, timestamp)
        if (isLate) {
          counters.late++
          late.data(value, key, timestamp)
        } else onTime.data(value, key, timestamp)
        if (epoch !== undefined) onTime.epoch(epoch)
      },
      epoch: (epoch) => {
        onTime.epoch(epoch)
        if (isEnd(epoch)) late.epoch(epoch)
      },
    }),
  }
}
