import type { RecordNames } from '@malstrom/core'
import type { ExchangeOutput } from '../exchange/exchange-output.ts'
import { FRAME_RECORDS_MAX } from '../exchange/frame.ts'

/** What the lines of an exchange need of the function they stand in. */
export interface ExchangeCode {
  bind(hint: string, value: unknown): string
  local(hint: string): string
}

/**
 * `ExchangeOutput.push` inlined, and `Columns.add` behind it: key and partitioner are functions of the
 * user at places of their own, and numbers go from column to column.
 */
export function exchangeLines(code: ExchangeCode, output: ExchangeOutput, keyed: boolean, { value, key, timestamp }: RecordNames): string {
  const name = code.bind('exchange', output)
  const { partitioner, keyOf } = output.route
  const [owner, columns, index] = [code.local('owner'), code.local('columns'), code.local('index')]
  const routed = keyOf === undefined ? key : code.local('routed')
  return [
    keyOf === undefined ? '' : `${routed} = ${code.bind('routeKey', keyOf)}(${value}, ${key}, ${timestamp})`,
    `${owner} = ${code.bind('partitioner', partitioner)}(${routed}, ${name}.workers)`,
    `${columns} = ${name}.columnsOf[${owner}]`,
    `if (${columns} === undefined) ${name}.refuse(${routed}, ${owner})`,
    `${index} = ${columns}.count`,
    `${columns}.values[${index}] = ${value}`,
    keyed ? `${columns}.keys[${index}] = ${key}` : '',
    `${columns}.timestamps[${index}] = ${timestamp}`,
    `${columns}.count = ${index} + 1`,
    `if (${index} === ${FRAME_RECORDS_MAX - 1}) ${columns}.full()`,
  ].join('\n')
}
