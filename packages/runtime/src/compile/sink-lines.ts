import type { RecordNames } from '@malstrom/core'
import type { SinkStation } from '../sink/sink-station.ts'
import { ONLY_PARTITION } from './exchange-points.ts'

/** What the lines of a sink need of the function they stand in. */
export interface SinkCode {
  bind(hint: string, value: unknown): string
  local(hint: string): string
  /** A variable that has the value of `expression` at the start of the function. */
  initialized(hint: string, expression: string): string
  count(target: string): string
  /** A line that makes the task stop after this record. */
  stop(): string
}

/**
 * `SinkStation.write` inlined, so that the calls into the user's sink belong to this task alone. The
 * open partition is kept in variables of the function: in a loop over a frame, a record costs the
 * calls into the sink and a look at `saturated`.
 */
export function sinkLines(code: SinkCode, station: SinkStation, { value, key, timestamp }: RecordNames): string {
  const name = code.bind('sink', station)
  const open = code.initialized('open', `${name}.writer`)
  return [
    ...(station.sink.partitionOf === undefined ? selectOnly(name, open) : selectPartition(code, station, open, { value, key, timestamp })),
    `if (${open} === undefined) {\n${name}.hold(${value}, ${key}, ${timestamp})\n${code.stop()}`,
    '} else {',
    `${open}.write(${value}, ${key}, ${timestamp})`,
    code.count(`${name}.written`),
    `if (${open}.saturated) {\n${name}.saturated()\n${open} = undefined\n${code.stop()}\n}`,
    '}',
  ].join('\n')
}

function selectOnly(name: string, open: string): string[] {
  return [`if (${open} === undefined) ${open} = ${name}.select('${ONLY_PARTITION}')`]
}

function selectPartition(code: SinkCode, station: SinkStation, open: string, { value, key, timestamp }: RecordNames): string[] {
  const name = code.bind('sink', station)
  const partition = code.local('partition')
  const openPartition = code.initialized('openPartition', `${name}.partition`)
  return [
    `${partition} = ${code.bind('userSink', station.sink)}.partitionOf(${value}, ${key}, ${timestamp})`,
    // Partitions are compared only with each other: a place that has compared different types stays slow.
    `if (${open} === undefined || ${partition} !== ${openPartition}) {`,
    `${open} = ${name}.select(${partition})\n${openPartition} = ${partition}`,
    '}',
  ]
}
