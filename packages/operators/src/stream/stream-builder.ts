import {
  type Key,
  MalstromError,
  messageOf,
  numberTime,
  type Partitioner,
  rendezvousSelect,
  type Sink,
  type StateOptions,
  type TimestampAlgebra,
} from '@malstrom/core'
import { cloned } from '../fan/cloned.ts'
import { split } from '../fan/split.ts'
import { fold } from '../keyed/fold.ts'
import { keyDistribute, keyLocal, unkey } from '../keyed/key-by.ts'
import { processStateful } from '../keyed/process-stateful.ts'
import { reduce } from '../keyed/reduce.ts'
import { checkStateOptions } from '../keyed/state-options.ts'
import { statefulMap } from '../keyed/stateful-map.ts'
import { ttlMap } from '../keyed/ttl-map.ts'
import { discard } from '../sink/discard.ts'
import { filter } from '../stateless/filter.ts'
import { filterMap } from '../stateless/filter-map.ts'
import { flatMap, flatten } from '../stateless/flat-map.ts'
import { flatMapEmit } from '../stateless/flat-map-emit.ts'
import { inspect } from '../stateless/inspect.ts'
import { map } from '../stateless/map.ts'
import { processStateless } from '../stateless/process-stateless.ts'
import { assignTimestamps } from '../time/assign-timestamps.ts'
import { generateEpochs } from '../time/generate-epochs.ts'
import { inspectFrontier } from '../time/inspect-frontier.ts'
import { callable, withMethods } from './arguments.ts'
import { callSiteOf } from './call-site.ts'
import type { Callback, OperatorDefinition } from './definition.ts'
import type { GraphBuilder, Upstream } from './graph-builder.ts'

/**
 * The one class behind `Stream`, `KeyedStream` and `TimestampedStream`. It is type-erased: those
 * interfaces say what users may call, and each method adds one operator to the graph.
 */
export class StreamBuilder implements Upstream {
  readonly ports: Upstream['ports']
  readonly keyed: boolean
  readonly time: TimestampAlgebra<unknown>
  readonly #graph: GraphBuilder

  constructor(graph: GraphBuilder, upstream: Upstream) {
    this.#graph = graph
    this.ports = upstream.ports
    this.keyed = upstream.keyed
    this.time = upstream.time
  }

  map(name: string, f: Callback) {
    return this.#apply(this.map, name, () => map(callable(f)))
  }

  filter(name: string, predicate: Callback) {
    return this.#apply(this.filter, name, () => filter(callable(predicate)))
  }

  filterMap(name: string, f: Callback) {
    return this.#apply(this.filterMap, name, () => filterMap(callable(f)))
  }

  flatMap(name: string, f: Callback) {
    return this.#apply(this.flatMap, name, () => flatMap(callable(f)))
  }

  flatMapEmit(name: string, f: Callback) {
    return this.#apply(this.flatMapEmit, name, () => flatMapEmit(callable(f)))
  }

  flatten(name: string) {
    return this.#apply(this.flatten, name, () => flatten())
  }

  inspect(name: string, f: Callback) {
    return this.#apply(this.inspect, name, () => inspect(callable(f)))
  }

  inspectFrontier(name: string, f: Callback) {
    return this.#apply(this.inspectFrontier, name, () => inspectFrontier(callable(f)))
  }

  keyLocal(name: string, keyOf: Callback) {
    return this.#apply(this.keyLocal, name, () => keyLocal(callable(keyOf)))
  }

  keyDistribute(name: string, keyOf: Callback, partitioner: Partitioner<Key> = rendezvousSelect) {
    return this.#apply(this.keyDistribute, name, () => keyDistribute(callable(keyOf), callable(partitioner)))
  }

  unkey(name: string) {
    return this.#apply(this.unkey, name, () => unkey())
  }

  statefulMap(name: string, init: Callback, f: Callback, state?: StateOptions<never>) {
    return this.#apply(this.statefulMap, name, () => statefulMap(callable(init), callable(f), checkStateOptions('statefulMap', state)))
  }

  fold(name: string, init: Callback, f: Callback, state?: StateOptions<never>) {
    return this.#apply(this.fold, name, () => fold(callable(init), callable(f), checkStateOptions('fold', state)))
  }

  reduce(name: string, f: Callback, state?: StateOptions<never>) {
    return this.#apply(this.reduce, name, () => reduce(callable(f), checkStateOptions('reduce', state)))
  }

  ttlMap(name: string, f: Callback, state?: StateOptions<never>) {
    return this.#apply(this.ttlMap, name, () => ttlMap(callable(f), checkStateOptions('ttlMap', state)))
  }

  statelessOp(name: string, logic: Parameters<typeof processStateless>[0]) {
    return this.#apply(this.statelessOp, name, () => processStateless(typeof logic === 'function' ? logic : withMethods(logic, 'onData')))
  }

  statefulOp(name: string, logic: Parameters<typeof processStateful>[0]) {
    return this.#apply(this.statefulOp, name, () => processStateful(withMethods(logic, 'init', 'onData')))
  }

  // biome-ignore lint/suspicious/noExplicitAny: stateful logic on keyed streams, stateless logic on others
  process(name: string, logic: any) {
    const define = () => {
      if (this.keyed) return processStateful(withMethods(logic, 'init', 'onData'))
      return processStateless(typeof logic === 'function' ? logic : withMethods(logic, 'onData'))
    }
    return this.#apply(this.process, name, define)
  }

  assignTimestamps(name: string, f: Callback, time: TimestampAlgebra<unknown> = numberTime as TimestampAlgebra<unknown>) {
    return this.#apply(this.assignTimestamps, name, () => assignTimestamps(callable(f), withMethods(time, 'compare', 'merge')))
  }

  generateEpochs(name: string, generator: Parameters<typeof generateEpochs>[0]) {
    const [onTime, late] = this.#applyAll(this.generateEpochs, name, () => generateEpochs(checkEpochSource(generator)))
    return { onTime, late }
  }

  split(name: string, branches: readonly string[], route: Callback) {
    const streams = this.#applyAll(this.split, name, () => split(branches, callable(route)))
    return Object.fromEntries(branches.map((branch, index) => [branch, streams[index]]))
  }

  cloned(name: string, count: number) {
    return this.#applyAll(this.cloned, name, () => cloned(count))
  }

  union(...others: readonly StreamBuilder[]) {
    const location = callSiteOf(this.union)
    const union = location === undefined ? 'union' : `union (${location})`
    for (const other of others) {
      if (!(other instanceof StreamBuilder) || other.#graph !== this.#graph) {
        throw new MalstromError(
          'ERR_STREAM_FOREIGN',
          `${union} was given something that is no stream of this flow. Join streams that the same build function has made.`,
        )
      }
      if (other.keyed !== this.keyed || other.time !== this.time) {
        throw new MalstromError(
          'ERR_STREAM_FOREIGN',
          `${union} needs streams that all have ${this.keyed ? '' : 'no '}keys and the same kind of timestamps. Use keyLocal, unkey or assignTimestamps before.`,
        )
      }
    }
    return new StreamBuilder(this.#graph, { ...this.#upstream(), ports: [this, ...others].flatMap((stream) => stream.ports) })
  }

  pipe<R>(extension: (stream: this) => R): R {
    return callable(extension)(this)
  }

  // biome-ignore lint/suspicious/noExplicitAny: erased, the stream's types have checked the sink
  sink(name: string, sink: Sink<any, any, any, any, any>): void {
    this.#graph.addSink(name, () => withMethods(sink, 'openPartition'), this.#upstream(), callSiteOf(this.sink))
  }

  discard(name: string): void {
    this.#graph.addSink(name, discard, this.#upstream(), callSiteOf(this.discard))
  }

  /** Not part of the types: answers JavaScript that tries to read a second source into a stream. */
  source(name: unknown): never {
    throw new MalstromError(
      'ERR_STREAM_SECOND_SOURCE',
      `A stream has one source; "${messageOf(name)}" would be its second. Start another stream with flow.source(name, source) and join the two with .union(other).`,
    )
  }

  #upstream(): Upstream {
    return { ports: this.ports, keyed: this.keyed, time: this.time }
  }

  #apply(method: Callback, name: string, define: () => OperatorDefinition): StreamBuilder {
    return this.#applyAll(method, name, define)[0] as StreamBuilder
  }

  #applyAll(method: Callback, name: string, define: () => OperatorDefinition): StreamBuilder[] {
    const { node, keyed } = this.#graph.addOperator(name, define, this.#upstream(), callSiteOf(method))
    return node.outputNames.map(
      (_name, output) => new StreamBuilder(this.#graph, { ports: [{ node, output }], keyed, time: node.outputTime }),
    )
  }
}

function checkEpochSource<G>(source: G): G {
  return typeof source === 'object' ? withMethods(source, 'generator') : callable(source)
}
