import type { RecordNames, TaskCode } from '@malstrom/core'
import type { SinkStation } from '../sink/sink-station.ts'

/** `SinkStation.write` inlined, so that the calls into the user's sink belong to this task alone. */
export function sinkLines(code: TaskCode, station: SinkStation, { value, key, timestamp }: RecordNames): string {
  const name = code.bind('sink', station)
  const partition = code.local('partition')
  const writer = code.local('writer')
  return [
    `${partition} = ${name}.sink.partitionOf(${value}, ${key}, ${timestamp})`,
    `${writer} = ${partition} === ${name}.partition ? ${name}.writer : ${name}.select(${partition})`,
    `if (${writer} === undefined) ${name}.hold(${value}, ${key}, ${timestamp})`,
    'else {',
    `${writer}.write(${value}, ${key}, ${timestamp})`,
    code.count(`${name}.written`),
    `if (${writer}.saturated) ${name}.saturated()`,
    '}',
  ].join('\n')
}
