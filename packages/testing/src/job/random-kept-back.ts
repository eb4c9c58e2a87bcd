import { bigintTime, type Key, numberTime, type TimestampAlgebra } from '@malstrom/core'
import {
  type Change,
  everyCount,
  global,
  type KeyedStream,
  processingTime,
  type Stream,
  session,
  sliding,
  type Table,
  tumbling,
} from '@malstrom/operators'

/** Steps of random graphs that keep records back until epochs come, join streams, or wait for calls. */
export const keptBackKinds = ['window', 'window', 'join', 'join', 'table', 'mapAsync', 'broadcast'] as const
export type KeptBackKind = (typeof keptBackKinds)[number]

// Streams with and without keys, and of all times, are built by the same code.
// biome-ignore lint/suspicious/noExplicitAny: erased, the random graph knows what fits
type Any = any
type Keyed = KeyedStream<Key, number, Any>

/** Whether a step reads a second stream. */
export function readsOther(kind: string): boolean {
  return kind === 'join' || kind === 'broadcast'
}

/** Fails for one record in seven, which is then left out or made a number of again. */
const policies = ['fail', 'fail', 'skip', 'deadLetter'] as const

function unluckyIn(variant: number): (n: number) => number {
  const onError = policies[variant % policies.length]
  return (n) => {
    if (onError !== 'fail' && Math.abs(n) % 7 === variant % 7) throw new Error('unlucky')
    return n
  }
}

function optionsOf(variant: number): Any {
  return { onError: policies[variant % policies.length] }
}

/** The results, with the values of dead letters among them. */
function numbersOf(name: string, result: Any, numberOf: (value: Any) => number): Any {
  if (typeof result.map === 'function') return result
  return result.results.union(result.deadLetters.map(`${name} letters`, (letter: Any) => numberOf(letter.value)))
}

export function windowStep(name: string, variant: number, stream: Keyed, time: TimestampAlgebra<unknown>): Any {
  const windows = windowsOf(variant, time)
  const check = unluckyIn(variant)
  const options = optionsOf(variant)
  const add = (sum: number, n: number) => sum + check(n)
  const merging = { init: () => 0, add, merge: (a: number, b: number) => a + b, emit: (sum: number) => sum % 97 }
  const { merge: _, ...plain } = merging
  const windowed: Any = (stream as Any).window(windows)
  const isPlain = variant % 5 === 0 && !windows.merging && windows.byProcessingTime?.merging !== true
  // What waits for late records, or fires early, is kept in another way than what fires once.
  const firing = variant % 3 === 0 ? windowed.trigger(everyCount(2)) : windowed
  const shown = variant % 6 === 0 ? firing.discarding() : firing
  return numbersOf(name, shown.aggregate(name, isPlain ? plain : merging, options), (value) => Number(value))
}

/** Windows that the timestamps of the stream can be reckoned with. */
function windowsOf(variant: number, time: TimestampAlgebra<unknown>): Any {
  const isNumber = time === (numberTime as TimestampAlgebra<unknown>)
  const isBigint = time === (bigintTime as TimestampAlgebra<unknown>)
  if (!isNumber && !isBigint) return global()
  const size: Any = isNumber ? 4 + (variant % 3) : BigInt(4 + (variant % 3))
  const slide: Any = isNumber ? 2 : 2n
  switch (variant % 6) {
    case 0:
      return tumbling(size)
    case 1:
      return sliding({ size: isNumber ? 6 : 6n, slide } as Any)
    case 2:
      return session({ gap: slide })
    case 3:
      return global()
    case 4:
      return processingTime(session({ gap: 5 }))
    default:
      return processingTime(tumbling(5))
  }
}

export function joinStep(name: string, variant: number, left: Any, right: Any, time: TimestampAlgebra<unknown>): Any {
  // Many keys, so that few records meet.
  const keyed = (stream: Any, side: string): Any => stream.keyDistribute(`${name} ${side} key`, (n: number) => n % 16)
  const [l, r] = [keyed(left, 'left'), keyed(right, 'right')]
  const check = unluckyIn(variant)
  const joined = (a: number | undefined, b: number | undefined) => check(a ?? 0) - (b ?? 1)
  const onError = policies[variant % policies.length]
  const type = (['inner', 'left', 'outer', 'right'] as const)[variant % 4]
  const tableType = variant % 2 === 0 ? 'inner' : 'left'
  const pairOf = ([a, b]: readonly (number | undefined)[]) => (a ?? 0) + (b ?? 0)
  const isSized = time === (numberTime as TimestampAlgebra<unknown>) || time === (bigintTime as TimestampAlgebra<unknown>)
  const distance: Any = time === (bigintTime as TimestampAlgebra<unknown>) ? 3n : 3
  switch (variant % 5) {
    case 0:
      return numbersOf(name, l.tableJoin(name, r, { unbounded: true, type: tableType, onError }, joined), pairOf)
    case 1:
      return numbersOf(name, l.temporalJoin(name, r, { unbounded: true, type: tableType, onError }, joined), pairOf)
    case 2: {
      const bounds = isSized ? { lower: -distance, upper: distance } : { lower: sameTime, upper: sameTime, unbounded: true }
      return numbersOf(name, l.intervalJoin(name, r, { ...bounds, matchesOnce: 'both', type, onError }, joined), pairOf)
    }
    case 3: {
      const group = (as: readonly number[], bs: readonly number[]) => [check(as.length * 8 + bs.length)]
      const windows = isSized ? tumbling(distance) : global()
      return numbersOf(name, l.coGroup(name, r, windows, group, { onError }), ([as, bs]) => as.length - bs.length)
    }
    default:
      return numbersOf(name, l.join(name, r, { unbounded: true, matchesOnce: 'both', type, onError }, joined), pairOf)
  }
}

const sameTime = (_left: number, timestamp: unknown) => timestamp

export function tableStep(name: string, variant: number, stream: Keyed): Any {
  const check = unluckyIn(variant)
  const options = optionsOf(variant)
  const rows = variant % 2 === 0 ? stream.rows(`${name} rows`) : stream.table(`${name} table`)
  const verbs: readonly ((table: Any) => Any)[] = [
    (table) => table.sum(name, check, options),
    (table) => table.max(name, check, options),
    (table) => table.topN(name, 2, check, options),
    (table) => table.average(name, check, options),
    (table) => table.filter(name, (n: number) => check(n) % 2 === 0, options),
    (table) => table.groupBy(name, (n: number) => check(n) % 5, options),
  ]
  const result = verbs[variant % verbs.length]?.(rows)
  const numberOf = ({ value, diff }: Change<unknown>) => Math.trunc(Number(value)) * 2 + diff
  const changesOf = (table: Table<Key, unknown, unknown>) => table.changes().map(`${name} changes`, numberOf)
  if (result.results === undefined) return changesOf(result)
  // The letters have the keys that the changes came with.
  return changesOf(result.results).union(result.deadLetters.map(`${name} letters`, (letter: Any) => numberOf(letter.value)))
}

export function callStep(name: string, variant: number, stream: Stream<number, unknown>): Any {
  const check = unluckyIn(variant)
  const call = async (n: number) => check(n) + 1
  const retries = { attempts: 1, backOffMs: 0 }
  return numbersOf(name, stream.mapAsync(name, call, { capacity: 1 + (variant % 4), retries, ...optionsOf(variant) }), (value) => value)
}

export function broadcastStep(name: string, variant: number, stream: Any, control: Any): Any {
  return stream.broadcast(name, control, {
    init: () => variant,
    onControl: (sum: number, n: number) => (sum + n) % 50,
    onData: (sum: number, n: number) => (n % 9 === variant % 9 ? undefined : n + (sum % 3)),
  })
}
