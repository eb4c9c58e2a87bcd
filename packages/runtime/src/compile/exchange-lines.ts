import type { Combine, RecordNames, TimestampAlgebra } from '@malstrom/core'
import type { Edge } from '../exchange/edge.ts'
import type { ExchangeOutput } from '../exchange/exchange-output.ts'
import { FRAME_RECORDS_MAX } from '../exchange/frame.ts'
import { OWNER_SLOTS } from '../exchange/owner-cache.ts'

/** What the lines of an exchange need of the function they stand in. */
export interface ExchangeCode {
  bind(hint: string, value: unknown): string
  local(hint: string): string
  /** A variable with this value at the start of the function. */
  initialized(hint: string, expression: string): string
  /** A condition: timestamp `a` is at or before `b`. */
  notAfter(time: TimestampAlgebra<unknown>, a: string, b: string): string
}

/**
 * `ExchangeOutput.push` inlined, and `Columns.add` behind it: key and partitioner are functions of the
 * user at places of their own, and numbers go from column to column.
 */
export function exchangeLines(code: ExchangeCode, output: ExchangeOutput, keyed: boolean, { value, key, timestamp }: RecordNames): string {
  const name = code.bind('exchange', output)
  const { route } = output
  // Control records are few.
  if (route === 'all') return `${name}.push(${value}, ${key}, ${timestamp})`
  const { partitioner, keyOf } = route
  const [owner, columns, index] = [code.local('owner'), code.local('columns'), code.local('index')]
  // They change with a marker only, and no marker comes while the function runs.
  const columnsOf = code.initialized('columnsOf', `${name}.columnsOf`)
  const routed = keyOf === undefined ? key : code.local('routed')
  const added = addLines(columns, index, keyed, { value, key, timestamp })
  return [
    keyOf === undefined ? '' : `${routed} = ${code.bind('routeKey', keyOf)}(${value}, ${key}, ${timestamp})`,
    ...(output.ownerCache !== undefined
      ? cachedOwnerLines(code, name, owner, routed)
      : [`${owner} = ${code.bind('partitioner', partitioner)}(${routed}, ${code.initialized('workers', `${name}.workers`)})`]),
    `${columns} = ${columnsOf}[${owner}]`,
    `if (${columns} === undefined) ${columns} = ${name}.begin(${routed}, ${owner}, ${value}, ${key}, ${timestamp})`,
    ...(route.combine === undefined || !keyed
      ? [added]
      : combineLines(code, output, route.combine, { owner, columns, index }, { value, key, timestamp }, added)),
  ].join('\n')
}

/** `OwnerCache` inlined. */
function cachedOwnerLines(code: ExchangeCode, exchange: string, owner: string, key: string): string[] {
  const cache = code.initialized('cache', `${exchange}.ownerCache`)
  const keys = code.initialized('cachedKeys', `${exchange}.ownerCache.keys`)
  const owners = code.initialized('cachedOwners', `${exchange}.ownerCache.owners`)
  const slot = `${key} & ${OWNER_SLOTS - 1}`
  return [
    `if (typeof ${key} === 'number' && ${keys}[${slot}] === ${key}) ${owner} = ${owners}[${slot}]`,
    `else ${owner} = ${cache}.choose(${key})`,
  ]
}

/** `Edge.push` inlined. */
export function edgeLines(code: ExchangeCode, edge: Edge, keyed: boolean, { value, key, timestamp }: RecordNames): string {
  const columns = code.bind('columns', edge.columns)
  return [
    `if (!${columns}.begun) ${columns}.begin(${value}, ${key}, ${timestamp})`,
    addLines(columns, code.local('index'), keyed, { value, key, timestamp }),
  ].join('\n')
}

/** `Columns.add` inlined. */
function addLines(columns: string, index: string, keyed: boolean, { value, key, timestamp }: RecordNames): string {
  return [
    `${index} = ${columns}.count`,
    `if (typeof ${value} !== 'number' && ${columns}.numericValues) ${columns}.mixValues()`,
    `${columns}.values[${index}] = ${value}`,
    keyed ? `if (typeof ${key} !== 'number' && ${columns}.numericKeys) ${columns}.mixKeys()` : '',
    keyed ? `${columns}.keys[${index}] = ${key}` : '',
    `if (typeof ${timestamp} !== 'number' && ${columns}.numericTimestamps) ${columns}.mixTimestamps()`,
    `${columns}.timestamps[${index}] = ${timestamp}`,
    `${columns}.count = ${index} + 1`,
    `if (${index} === ${FRAME_RECORDS_MAX - 1}) ${columns}.full()`,
  ].join('\n')
}

interface CombineNames {
  readonly owner: string
  readonly columns: string
  readonly index: string
}

/** `Combiner.combine` inlined, as far as it calls functions of the user; `added` if there is nothing to combine with. */
function combineLines(
  code: ExchangeCode,
  output: ExchangeOutput,
  { merge, by, sliceOf }: Combine,
  { owner, columns, index }: CombineNames,
  { value, key, timestamp }: RecordNames,
  added: string,
): string[] {
  const [combiner, merged] = [code.local('combiner'), code.local('merged')]
  const identity = by === undefined ? key : `${code.bind('combineBy', by)}(${value})`
  const slice = sliceOf === undefined ? '0' : `${code.bind('combineSlice', sliceOf)}(${timestamp})`
  return [
    `${combiner} = ${code.initialized('combinerOf', `${code.bind('exchange', output)}.combinerOf`)}[${owner}]`,
    `${index} = ${combiner} === undefined ? -1 : ${combiner}.find(${columns}, ${identity}, ${key}, ${timestamp}, ${slice})`,
    `if (${index} >= 0) {`,
    `${merged} = ${code.bind('combine', merge)}(${columns}.values[${index}], ${value})`,
    `if (typeof ${merged} !== 'number' && ${columns}.numericValues) ${columns}.mixValues()`,
    `${columns}.values[${index}] = ${merged}`,
    ...(sliceOf === undefined
      ? []
      : [
          `if (!(${code.notAfter(output.time, timestamp, `${columns}.timestamps[${index}]`)})) ${columns}.timestamps[${index}] = ${timestamp}`,
        ]),
    `} else {\n${added}\n}`,
  ]
}
