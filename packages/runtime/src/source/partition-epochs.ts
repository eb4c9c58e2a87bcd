import { type FusedOperator, isTimestamp, numberTime, type OperatorCounters, type PartitionEpochs, type SourceNode } from '@malstrom/core'
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
  const numbers = time === (numberTime as typeof time)
  const { timestampOf, generate } = epochs
  const isEnd = (epoch: unknown) => time.compare(epoch, time.max) >= 0
  return {
    record(code, { value, key, timestamp: own }) {
      const all = code.bind('frontiers', frontiers)
      // The frontier of the partition whose frame this is, in variables: a record that leads to no epoch costs two comparisons. With numbers,
      // NaN says that there is none yet: a variable that is always a number stays in a register, and with it the call that is given it.
      const previousNow = numbers ? `+${all}.current.epoch` : `${all}.current.epoch`
      const previous = code.local('previous', previousNow)
      // NaN, for numbers, is a bound that nothing is behind.
      const boundNow = numbers ? `+${all}.bound` : `${all}.bound`
      const bound = code.local('bound', boundNow)
      const epoch = code.local('epoch')
      const timestamp = timestampOf === undefined ? own : code.local('timestamp')
      const late = code.local('late')
      const isLate = numbers ? `${timestamp} <= ${bound}` : `${bound} !== undefined && ${code.notAfter(time, timestamp, bound)}`
      const follows = numbers
        ? `${epoch} !== undefined && !(typeof ${epoch} === 'number' && ${epoch} <= ${previous})`
        : `${epoch} !== undefined`
      const call = (last: string) => `${code.bind('generate', generate)}(${value}, ${timestamp}, ${last})`
      return [
        timestampOf === undefined ? '' : `${timestamp} = ${code.bind('timestampOf', timestampOf)}(${value}, ${own})`,
        `if (${code.noTimestamp(time, timestamp)}) ${code.bind('reject', rejectTimestamp)}(${timestamp})`,
        `${late} = ${isLate}`,
        `${epoch} = ${numbers ? `${previous} === ${previous} ? ${call(previous)} : ${call('undefined')}` : call(previous)}`,
        `if (${follows}) {`,
        `${epoch} = ${all}.advance(${epoch})\n${previous} = ${previousNow}\n${bound} = ${boundNow}`,
        `} else ${epoch} = undefined`,
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
        const timestamp = timestampOf === undefined ? own : timestampOf(value, own)
        if (!isTimestamp(time, timestamp)) rejectTimestamp(timestamp)
        const { bound } = frontiers
        const generated = generate(value, timestamp, frontiers.current.epoch)
        const epoch = generated === undefined ? undefined : frontiers.advance(generated)
        if (bound !== undefined && time.compare(timestamp, bound) <= 0) {
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
