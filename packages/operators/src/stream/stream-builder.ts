import { type Key, numberTime, type Partitioner, rendezvousSelect, type TimestampAlgebra } from '@malstrom/core'
import { ASYNC_OPTIONS, type AsyncOptions, asyncSettings } from '../async/async-options.ts'
import { mapAsync } from '../async/map-async.ts'
import { type AnyBroadcastLogic, asControl, broadcast, sendToAll } from '../broadcast/broadcast.ts'
import type { ErrorPolicy, OnError } from '../error-policy/on-error.ts'
import { onErrorOf } from '../error-policy/record-policy.ts'
import { cloned } from '../fan/cloned.ts'
import { split } from '../fan/split.ts'
import { type CombineOptions, combineOf } from '../keyed/combine.ts'
import { keyDistribute, keyLocal } from '../keyed/key-by.ts'
import { processStateful } from '../keyed/process-stateful.ts'
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
import type { StandardSchema } from '../validate/standard-schema.ts'
import { validate } from '../validate/validate.ts'
import { callable, withMethods } from './arguments.ts'
import { at, callSiteOf } from './call-site.ts'
import type { Callback } from './definition.ts'
import type { Upstream } from './graph-builder.ts'
import { KeyedOperators } from './keyed-operators.ts'
import type { KeyDistributeOptions } from './keyed-stream.ts'

/**
 * The one class behind `Stream`, `KeyedStream` and `TimestampedStream`. It is type-erased: those
 * interfaces say what users may call, and each method adds one operator to the graph.
 */
export class StreamBuilder extends KeyedOperators<StreamBuilder> {
  map(name: string, f: Callback, options?: ErrorPolicy) {
    return this.applyPolicy(this.map, name, options, (onError) => map(callable(f), onError))
  }

  filter(name: string, predicate: Callback, options?: ErrorPolicy) {
    return this.applyPolicy(this.filter, name, options, (onError) => filter(callable(predicate), onError))
  }

  filterMap(name: string, f: Callback, options?: ErrorPolicy) {
    return this.applyPolicy(this.filterMap, name, options, (onError) => filterMap(callable(f), onError))
  }

  flatMap(name: string, f: Callback, options?: ErrorPolicy) {
    return this.applyPolicy(this.flatMap, name, options, (onError) => flatMap(callable(f), onError))
  }

  flatMapEmit(name: string, f: Callback, options?: ErrorPolicy) {
    return this.applyPolicy(this.flatMapEmit, name, options, (onError) => flatMapEmit(callable(f), onError))
  }

  flatten(name: string) {
    return this.apply(this.flatten, name, () => flatten())
  }

  mapAsync(name: string, f: Callback, options?: AsyncOptions<OnError>) {
    const define = (onError: OnError) => mapAsync(callable(f), asyncSettings(options), onError)
    return this.applyPolicy(this.mapAsync, name, options, define, ASYNC_OPTIONS)
  }

  inspect(name: string, f: Callback, options?: ErrorPolicy) {
    return this.applyPolicy(this.inspect, name, options, (onError) => inspect(callable(f), onError))
  }

  inspectFrontier(name: string, f: Callback) {
    return this.apply(this.inspectFrontier, name, () => inspectFrontier(callable(f)))
  }

  keyLocal(name: string, keyOf: Callback, options?: ErrorPolicy) {
    return this.applyPolicy(this.keyLocal, name, options, (onError) => keyLocal(callable(keyOf), onError))
  }

  keyDistribute(name: string, keyOf: Callback, how: Partitioner<Key> | KeyDistributeOptions<Key> = {}) {
    const options = typeof how === 'function' ? { partitioner: how } : how
    const define = (onError: OnError) => {
      const { partitioner = rendezvousSelect, combine } = options
      const combined = combine === undefined ? undefined : combineOf(combine as CombineOptions, this.time)
      return keyDistribute(callable(keyOf), callable(partitioner), onError, combined)
    }
    return this.applyPolicy(this.keyDistribute, name, options, define, ['partitioner', 'combine'])
  }

  statelessOp(name: string, logic: Parameters<typeof processStateless>[0], options?: ErrorPolicy) {
    return this.applyPolicy(this.statelessOp, name, options, (onError) => processStateless(checkStateless(logic), onError))
  }

  statefulOp(name: string, logic: Parameters<typeof processStateful>[0], options?: ErrorPolicy) {
    return this.applyPolicy(this.statefulOp, name, options, (onError) => processStateful(withMethods(logic, 'init', 'onData'), onError))
  }

  // biome-ignore lint/suspicious/noExplicitAny: stateful logic on keyed streams, stateless logic on others
  process(name: string, logic: any, options?: ErrorPolicy) {
    const define = (onError: OnError) =>
      this.keyed ? processStateful(withMethods(logic, 'init', 'onData'), onError) : processStateless(checkStateless(logic), onError)
    return this.applyPolicy(this.process, name, options, define)
  }

  assignTimestamps(name: string, f: Callback, how?: TimestampAlgebra<unknown> | ErrorPolicy, more?: ErrorPolicy) {
    const isTime = how !== undefined && !(typeof how === 'object' && how !== null && 'onError' in how)
    const time = isTime ? (how as TimestampAlgebra<unknown>) : (numberTime as TimestampAlgebra<unknown>)
    const define = (onError: OnError) => assignTimestamps(callable(f), withMethods(time, 'compare', 'merge'), onError)
    return this.applyPolicy(this.assignTimestamps, name, isTime ? more : (how as ErrorPolicy | undefined), define)
  }

  validate(name: string, schema: StandardSchema, options?: ErrorPolicy) {
    return this.applyPolicy(this.validate, name, options, (onError) => validate(schema, onError))
  }

  generateEpochs(name: string, generator: Parameters<typeof generateEpochs>[0]) {
    const [onTime, late] = this.applyAll(this.generateEpochs, name, () => generateEpochs(checkEpochSource(generator)))
    return { onTime, late }
  }

  broadcast(name: string, control: StreamBuilder, logic: AnyBroadcastLogic) {
    const site = callSiteOf(this.broadcast)
    this.checkOther(() => `Operator "${name}"${at(site)}`, control, false)
    // One worker puts the control records in the order in which all get them.
    const gathered = control.apply(this.broadcast, `${name} (gathered)`, () => keyDistribute(() => 0, rendezvousSelect))
    const copies = gathered.apply(this.broadcast, `${name} (to all)`, sendToAll)
    const marked = copies.apply(this.broadcast, `${name} (control)`, asControl)
    const both = new StreamBuilder(this.graph, { ...this.upstream(), ports: [...this.ports, ...marked.ports] })
    return both.apply(this.broadcast, name, () => broadcast(withMethods(logic, 'init', 'onControl', 'onData')))
  }

  split(name: string, branches: readonly string[], route: Callback, options?: ErrorPolicy) {
    const streams = this.applyAll(this.split, name, () => split(branches, callable(route), onErrorOf('split', options)))
    const results = Object.fromEntries(branches.map((branch, index) => [branch, streams[index]]))
    const deadLetters = streams[branches.length]
    return deadLetters === undefined ? results : { results, deadLetters }
  }

  cloned(name: string, count: number) {
    return this.applyAll(this.cloned, name, () => cloned(count))
  }

  protected make(upstream: Upstream): StreamBuilder {
    return new StreamBuilder(this.graph, upstream)
  }
}

function checkEpochSource<G>(source: G): G {
  return typeof source === 'object' ? withMethods(source, 'generator') : callable(source)
}

function checkStateless<L>(logic: L): L {
  return typeof logic === 'function' ? logic : withMethods(logic, 'onData')
}
