import { MalstromError, messageOf, type Sink, type TimestampAlgebra, timeOfPort } from '@malstrom/core'
import type { ErrorPolicy, OnError } from '../error-policy/on-error.ts'
import { onErrorOf } from '../error-policy/record-policy.ts'
import { joinedUpstream } from '../join/joined-upstream.ts'
import { discard } from '../sink/discard.ts'
import { callable, withMethods } from './arguments.ts'
import { at, callSiteOf } from './call-site.ts'
import type { Callback, OperatorDefinition } from './definition.ts'
import type { GraphBuilder, Upstream } from './graph-builder.ts'

/** How operators are added to the graph, how streams come together, and how they end. `Self` is what every operator gives. */
export abstract class StreamBase<Self> implements Upstream {
  readonly ports: Upstream['ports']
  readonly keyed: boolean
  readonly time: TimestampAlgebra<unknown>
  protected readonly graph: GraphBuilder

  constructor(graph: GraphBuilder, upstream: Upstream) {
    this.graph = graph
    this.ports = upstream.ports
    this.keyed = upstream.keyed
    this.time = upstream.time
  }

  union(...others: readonly StreamBase<unknown>[]) {
    const site = callSiteOf(this.union)
    for (const other of others) this.checkOther(() => `union${at(site)}`, other, true)
    return this.make({ ...this.upstream(), ports: [this, ...others].flatMap((stream) => stream.ports) })
  }

  /** A stream of the same flow. */
  protected abstract make(upstream: Upstream): Self

  pipe<R>(extension: (stream: this) => R): R {
    return callable(extension)(this)
  }

  // biome-ignore lint/suspicious/noExplicitAny: erased, the stream's types have checked the sink
  sink(name: string, sink: Sink<any, any, any, any, any>): void {
    this.graph.addSink(name, () => withMethods(sink, 'openPartition'), this.upstream(), callSiteOf(this.sink))
  }

  discard(name: string): void {
    this.graph.addSink(name, discard, this.upstream(), callSiteOf(this.discard))
  }

  /** Not part of the types: answers JavaScript that tries to read a second source into a stream. */
  source(name: unknown): never {
    throw new MalstromError(
      'ERR_STREAM_SECOND_SOURCE',
      `A stream has one source; "${messageOf(name)}" would be its second. Start another stream with flow.source(name, source) and join the two with .union(other).`,
    )
  }

  /** `other` if it is a stream of the same flow. */
  protected ours(other: unknown): StreamBase<unknown> | undefined {
    return other instanceof StreamBase && other.graph === this.graph ? other : undefined
  }

  protected checkOther(operator: () => string, other: StreamBase<unknown>, keysToo: boolean): void {
    if (this.ours(other) === undefined) {
      throw new MalstromError(
        'ERR_STREAM_FOREIGN',
        `${operator()} was given something that is no stream of this flow. Join streams that the same build function has made.`,
      )
    }
    if (other.time === this.time && (other.keyed === this.keyed || !keysToo)) return
    const keys = !keysToo ? '' : `${this.keyed ? '' : 'no '}keys and `
    throw new MalstromError(
      'ERR_STREAM_FOREIGN',
      `${operator()} needs streams that all have ${keys}the same kind of timestamps. Use keyLocal, unkey or assignTimestamps before.`,
    )
  }

  protected upstream(): Upstream {
    return { ports: this.ports, keyed: this.keyed, time: this.time }
  }

  protected applyJoin(method: Callback, name: string, right: StreamBase<unknown>, define: () => OperatorDefinition) {
    const upstream = joinedUpstream(name, callSiteOf(method), this, this.ours(right))
    const [results, deadLetters] = this.applyAll(method, name, define, upstream)
    return deadLetters === undefined ? (results as Self) : { results, deadLetters }
  }

  protected apply(method: Callback, name: string, define: () => OperatorDefinition): Self {
    return this.applyAll(method, name, define)[0] as Self
  }

  /** An operator with an error policy: a stream, or with dead letters two. `others`: names of its other options. */
  protected applyPolicy(
    method: Callback,
    name: string,
    options: ErrorPolicy | undefined,
    define: (onError: OnError) => OperatorDefinition,
    others: readonly string[] = [],
  ) {
    const [results, deadLetters] = this.applyAll(method, name, () => define(onErrorOf(method.name, options, others)))
    return deadLetters === undefined ? results : { results, deadLetters }
  }

  protected applyAll(method: Callback, name: string, define: () => OperatorDefinition, upstream = this.upstream()): Self[] {
    const { node, keyed } = this.graph.addOperator(name, define, upstream, callSiteOf(method))
    return node.outputNames.map((_name, output) => {
      const port = { node, output }
      const keys = output === node.deadLetterOutput ? this.keyed : keyed
      return this.make({ ports: [port], keyed: keys, time: timeOfPort(port) })
    })
  }
}
