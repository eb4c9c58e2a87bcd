import { bigintTime, type Key, type KeyedState, numberTime, type Output, type StatefulLogic, type TimestampAlgebra } from '@malstrom/core'
import { type Emit, type ExpireMap, type Flow, fromIterable, type KeyedStream, periodic, type Stream } from '@malstrom/operators'
import { ScriptedSource } from '../doubles/scripted-source.ts'
import type { RandomGraph, RandomSource, RandomStep } from './random-graph.ts'
import { broadcastStep, callStep, joinStep, readsOther, tableStep, windowStep } from './random-kept-back.ts'

/** A stream of a random graph: values are numbers; timestamps are whatever `time` orders. */
export interface RandomStream {
  readonly stream: Stream<number, unknown>
  readonly keyed: boolean
  readonly time: TimestampAlgebra<unknown>
  /** At most so many records for each one of its source: bounds what flatMaps and unions multiply. */
  readonly factor: number
}

const FACTOR_MAX = 24

/** Builds a random graph; returns the streams that nobody reads yet. */
export function buildRandomStreams(flow: Flow, graph: RandomGraph): RandomStream[] {
  const all: RandomStream[] = []
  const read = new Set<RandomStream>()
  graph.sources.forEach((source, index) => {
    all.push(...sourceStreams(flow, `source ${index}`, source))
  })
  graph.steps.forEach((step, index) => {
    const input = pick(all, step.input)
    const other = pick(
      all.filter(({ keyed, time }) => keyed === input.keyed && time === input.time),
      step.other,
    )
    read.add(input)
    if ((step.kind === 'union' || readsOther(step.kind)) && mayGrow(input)) read.add(other)
    all.push(...applyStep(`${index} ${step.kind}`, step, input, other))
  })
  return all.filter((stream) => !read.has(stream))
}

function mayGrow({ factor }: RandomStream): boolean {
  return factor * 3 <= FACTOR_MAX
}

function pick(streams: readonly RandomStream[], fromEnd: number): RandomStream {
  return streams[streams.length - 1 - (fromEnd % streams.length)] as RandomStream
}

function sourceStreams(flow: Flow, name: string, source: RandomSource): RandomStream[] {
  const time = numberTime as TimestampAlgebra<unknown>
  const of = (stream: unknown): RandomStream => ({ stream: stream as Stream<number, unknown>, keyed: false, time, factor: 1 })
  const { values } = source
  if (source.kind === 'array') return [of(flow.source(name, fromIterable(values)))]
  if (source.kind === 'generator') {
    return [
      of(
        flow.source(
          name,
          fromIterable(function* () {
            yield* values
          }),
        ),
      ),
    ]
  }
  const partitions = ['a', 'b', 'c']
  const scripted = new ScriptedSource<number>(partitions)
  values.forEach((value, index) => {
    scripted.partition(partitions[Math.abs(value) % 3] as string).give([value, index])
  })
  for (const partition of scripted.partitions) partition.finish()
  const { onTime, late } = flow.source(name, scripted, {
    epochs: (value, timestamp) => (value % 3 === 0 ? undefined : timestamp - (value % 2)),
    timestamp: (value, index) => value + index,
  })
  return [of(onTime), of(late)]
}

type Keyed = KeyedStream<Key, number, unknown>
// Streams with and without keys are built by the same code.
// biome-ignore lint/suspicious/noExplicitAny: a key, or `undefined`
type Out = Output<number, any, unknown>

function applyStep(name: string, step: RandomStep, input: RandomStream, other: RandomStream): RandomStream[] {
  const { variant } = step
  const { stream } = input
  const keyed = stream as unknown as Keyed
  const with_ = (next: unknown, changes: Partial<RandomStream> = {}): RandomStream => ({
    ...input,
    stream: next as Stream<number, unknown>,
    ...changes,
  })
  const grows = mayGrow(input)
  switch (step.kind) {
    case 'map':
      return [with_(input.keyed ? keyed.map(name, (n, key) => n + weight(key)) : stream.map(name, (n) => n * 2 - variant))]
    case 'filter':
      return [with_(stream.filter(name, (n) => (n + variant) % 3 !== 0))]
    case 'filterMap':
      return [with_(stream.filterMap(name, (n) => (n % (variant + 2) === 0 ? undefined : n + 1)))]
    case 'flatMap':
      return [
        with_(
          stream.flatMap(name, (n) => repeat(n, grows ? variant % 4 : 1)),
          { factor: input.factor * (grows ? 3 : 1) },
        ),
      ]
    case 'flatMapEmit':
      return [with_(flatMapEmit(name, input, grows ? variant % 4 : 1), { factor: input.factor * (grows ? 3 : 1) })]
    case 'flatten':
      return [with_(stream.map(`${name} list`, (n) => (n % 4 === variant % 4 ? [] : [n + variant])).flatten(name))]
    case 'inspect':
      return [with_(stream.inspect(name, () => {}).inspectFrontier(`${name} frontier`, () => {}))]
    case 'keyLocal':
      return [
        with_(
          stream.keyLocal(name, (n) => keyOf(n, variant)),
          { keyed: true },
        ),
      ]
    case 'keyDistribute':
      return [
        with_(
          stream.keyDistribute(name, (n) => keyOf(n, variant)),
          { keyed: true },
        ),
      ]
    case 'unkey':
      return input.keyed ? [with_(keyed.unkey(name), { keyed: false })] : [with_(stream.map(name, (n) => -n))]
    case 'statelessOp':
      return [with_(stream.statelessOp(name, statelessLogic(variant, input.keyed)))]
    case 'assignTimestamps':
    case 'generateEpochs':
    case 'periodic':
      return timeStep(name, step, input)
    case 'split': {
      const { a, b } = stream.split(name, ['a', 'b'], (n) => routes[(Math.abs(n) + variant) % routes.length] ?? [])
      return [with_(a), with_(b)]
    }
    case 'cloned':
      return stream.cloned(name, 1 + (variant % 3)).map((clone) => with_(clone))
    case 'union':
      return grows ? [with_(stream.union(other.stream), { factor: input.factor + other.factor })] : [with_(stream.map(name, (n) => n))]
    case 'join':
      return grows
        ? [with_(joinStep(name, variant, stream, other.stream, input.time), { keyed: true, factor: input.factor + other.factor })]
        : [with_(stream.map(name, (n) => n))]
    case 'broadcast':
      return grows ? [with_(broadcastStep(name, variant, stream, other.stream))] : [with_(stream.map(name, (n) => n))]
    case 'mapAsync':
      return [with_(callStep(name, variant, stream))]
    case 'chain':
      return [with_(chain(name, stream, 20 + variant * 4))]
    case 'failing':
      return [with_(failing(name, input, variant), { keyed: input.keyed || variant % 4 === 1 })]
    default:
      // Windows and tables may give several records for one.
      if ((step.kind === 'window' || step.kind === 'table') && !grows) return [with_(stream.map(name, (n) => n))]
      // What needs keys gets them first.
      return [
        with_(keyedStep(name, step, input.keyed ? keyed : withKeys(name, stream, variant), input.time), {
          keyed: true,
          factor: input.factor * (step.kind === 'window' || step.kind === 'table' ? 3 : 1),
        }),
      ]
  }
}

function keyedStep(name: string, { kind, variant }: RandomStep, stream: Keyed, time: TimestampAlgebra<unknown>): Keyed {
  switch (kind) {
    case 'window':
      return windowStep(name, variant, stream, time)
    case 'table':
      return tableStep(name, variant, stream)
    case 'statefulMap':
      return stream.statefulMap(
        name,
        (key) => weight(key),
        (sum, n) => [sum + n, Math.abs(sum) > 20 ? undefined : sum + n],
      )
    case 'fold':
      return stream.fold(
        name,
        () => variant,
        (sum, n) => (sum + n) % 97,
      )
    case 'reduce':
      return stream.reduce(name, (a, b) => Math.max(a, b) - (variant % 2))
    case 'ttlMap':
      return stream.ttlMap(name, (entries: ExpireMap<number, number, unknown>, n, _key, timestamp) => {
        const seen = entries.size
        if (n % 5 === 0) entries.clear()
        else entries.set(n % 4, n, timestamp)
        return [seen * 10 + (n % 10), n % 7 === 0 ? undefined : entries]
      })
    default:
      return stream.process(name, statefulLogic(variant))
  }
}

function timeStep(name: string, { kind, variant }: RandomStep, input: RandomStream): RandomStream[] {
  const { stream, time } = input
  if (kind === 'assignTimestamps') {
    const [next, of] = timesOf(variant)
    const { onTime, late } = stream
      .assignTimestamps(name, (n) => of(n), next)
      .generateEpochs(`${name} epochs`, (n, timestamp) => (n % 2 === 0 ? timestamp : undefined))
    return [
      { ...input, stream: onTime, time: next },
      { ...input, stream: late, time: next },
    ]
  }
  const generator = (n: number, timestamp: unknown, previous: unknown) => {
    if (n % 3 === variant % 3) return undefined
    return variant % 2 === 0 || previous === undefined ? timestamp : previous
  }
  const epochs = kind === 'periodic' ? periodic({ everyRecords: 1 + (variant % 4) }, generator) : generator
  const { onTime, late } = stream.generateEpochs(name, epochs)
  return [
    { ...input, stream: onTime, time },
    { ...input, stream: late, time },
  ]
}

function timesOf(variant: number): readonly [TimestampAlgebra<unknown>, (n: number) => unknown] {
  if (variant % 3 === 0) return [bigintTime as TimestampAlgebra<unknown>, (n) => BigInt(n)]
  if (variant % 3 === 1) return [numberTime as TimestampAlgebra<unknown>, (n) => n + 0.5]
  return [pairTime, (n) => [Math.trunc(n / 4), n % 4]]
}

/** Timestamps of a user: pairs, compared from left to right. */
const pairTime: TimestampAlgebra<unknown> = {
  min: [Number.NEGATIVE_INFINITY, 0],
  max: [Number.POSITIVE_INFINITY, 0],
  compare: (a, b) => {
    const [x, y] = [a as readonly number[], b as readonly number[]]
    if ((x[0] as number) !== (y[0] as number)) return (x[0] as number) < (y[0] as number) ? -1 : 1
    return (x[1] as number) - (y[1] as number)
  },
  merge: (a, b) => (pairTime.compare(a, b) <= 0 ? a : b),
}

const routes: readonly (readonly ('a' | 'b')[] | 'a' | 'b')[] = ['a', 'b', ['a', 'b'], []]

const weight = (key: Key): number => (typeof key === 'object' ? key.length : Number(key) || 1)

function keyOf(n: number, variant: number): Key {
  const keys: readonly Key[] = [n, String(n % 3), n % 2 === 0, BigInt(n % 4), [n % 2, String(n % 3)], [n % 3]]
  return keys[variant % keys.length] as Key
}

function withKeys(name: string, stream: Stream<number, unknown>, variant: number): Keyed {
  return stream.keyLocal(`${name} key`, (n) => keyOf(n, variant)) as unknown as Keyed
}

function repeat(n: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => n + index)
}

function flatMapEmit(name: string, { stream, keyed }: RandomStream, count: number): unknown {
  const emitAll = (n: number, emit: Emit<number>) => {
    for (let index = 0; index < count; index++) emit(n - index)
  }
  return keyed ? (stream as unknown as Keyed).flatMapEmit(name, emitAll) : stream.flatMapEmit(name, emitAll)
}

function chain(name: string, stream: Stream<number, unknown>, length: number): Stream<number, unknown> {
  let end = stream
  for (let index = 0; index < length; index++) end = end.map(`${name} ${index}`, (n) => n + 1)
  return end
}

/** Fails at some record, if such a one comes. */
function failing(name: string, { stream, time }: RandomStream, variant: number): unknown {
  const unlucky = (n: number) => n % 12 === variant
  if (variant % 4 === 0) {
    return stream.map(name, (n) => {
      if (unlucky(n)) throw new Error('unlucky')
      return n
    })
  }
  if (variant % 4 === 1) return stream.keyLocal(name, (n) => (unlucky(n) ? ({} as Key) : n)) as unknown
  if (variant % 4 === 2) {
    return stream.flatMap(name, function* (n) {
      yield n
      if (unlucky(n)) throw new Error('unlucky after the first element')
    })
  }
  if (variant % 8 === 3) return stream.generateEpochs(name, (n, timestamp) => (unlucky(n) ? Number.NaN : timestamp)).onTime
  // Breaks the law of epochs, or not, depending on those that have come.
  const { min } = time
  return stream.statelessOp(name, (n, output: Out, key, timestamp) => output.emit(n, key, unlucky(n) ? min : timestamp))
}

function statelessLogic(variant: number, keyed: boolean) {
  let count = 0
  return {
    onData(n: number, output: Out, key: unknown, timestamp: unknown) {
      count++
      if (n % 5 !== 0) output.emit(n + (variant % 2), key, timestamp)
    },
    onEpoch(epoch: unknown, output: Out) {
      if (count % (2 + (variant % 3)) === 0) output.emit(count, keyed ? 'epoch' : undefined, epoch)
    },
  }
}

/** Sums, which it emits and forgets at epochs. */
function statefulLogic(variant: number): StatefulLogic<Key, number, number, unknown, number> {
  return {
    init: (key) => weight(key) % 2,
    onData(n, sum, output, key, timestamp) {
      if (n % 6 === variant % 6) return undefined
      if (n % 3 === 0) output.emit(sum, key, timestamp)
      return sum + n
    },
    onEpoch(epoch: unknown, sums: KeyedState<Key, number>, output: Out) {
      for (const [key, sum] of sums) {
        if (sum % 2 === 0) sums.delete(key)
        else if (variant % 2 === 0) sums.set(key, sum + 1)
        output.emit(sum, key, epoch)
      }
    },
  }
}
