import {
  checkOptionNames,
  type Key,
  MalstromError,
  numberTime,
  type PartitionEpochs,
  type Source,
  type TimestampAlgebra,
} from '@malstrom/core'
import type { EpochGenerator } from '../time/epoch-generator.ts'
import { callable, withMethods } from './arguments.ts'
import { callSiteOf } from './call-site.ts'
import { GraphBuilder } from './graph-builder.ts'
import type { Stream } from './stream.ts'
import { StreamBuilder } from './stream-builder.ts'
import type { OnTimeAndLate } from './timestamped.ts'

// biome-ignore lint/suspicious/noExplicitAny: a flow does not care about the partitions of a source
type AnySource<V, T> = Source<V, T, any, any>

/**
 * Epochs generated for each partition of a source by itself, which is the most exact place: records
 * of one partition are nearly in order, whatever the others do. The frontier of the stream is the
 * smallest of its partitions. A record is late if it is not after the frontier of its own partition,
 * or of the stream.
 */
export interface SourceEpochs<V, T> {
  readonly epochs: EpochGenerator<V, T>
  /**
   * A partition that has had nothing to read for so long is excluded from the frontier until its next
   * record, so that it does not hold the job back. Not counted while back-pressure keeps it from being
   * read. When all partitions are excluded, the frontier is the largest of theirs. A record that then comes behind the frontier is late: by
   * that of its source it goes to `late`, by that of streams it meets it is counted where it could only lead to something behind it.
   *
   * @default never
   */
  readonly idleAfterMs?: number
}

/** The start of every stream of a job. */
export interface Flow {
  /** Reads a source. */
  source<V, T>(name: string, source: AnySource<V, T>): Stream<V, T>
  // The overload with most options comes first, or their functions would have parameters without types.
  /** Reads a source, with new timestamps, and epochs per partition. `time` orders the new timestamps, by default as numbers. */
  source<V, T, TO>(
    name: string,
    source: AnySource<V, T>,
    options: SourceEpochs<V, TO> & { readonly timestamp: (value: V, timestamp: T) => TO; readonly time: TimestampAlgebra<TO> },
  ): OnTimeAndLate<Stream<V, TO>>
  source<V, T>(
    name: string,
    source: AnySource<V, T>,
    options: SourceEpochs<V, number> & { readonly timestamp: (value: V, timestamp: T) => number },
  ): OnTimeAndLate<Stream<V, number>>
  /** Reads a source, with epochs per partition. */
  source<V, T>(name: string, source: AnySource<V, T>, options: SourceEpochs<V, T>): OnTimeAndLate<Stream<V, T>>
}

interface ErasedOptions {
  readonly epochs: PartitionEpochs['generate']
  readonly idleAfterMs?: number
  readonly timestamp?: (value: unknown, timestamp: unknown) => unknown
  readonly time?: TimestampAlgebra<unknown>
}

/** A flow and the graph that its streams build. */
export function createFlow(): { readonly flow: Flow; readonly graph: GraphBuilder } {
  const graph = new GraphBuilder()
  function addSource(name: string, source: Source<unknown, unknown, Key, unknown>, options?: ErasedOptions) {
    const define = () => ({
      source: withMethods(source, 'listPartitions', 'openPartition'),
      epochs: options === undefined ? undefined : partitionEpochs(options),
      outputTime: withMethods(epochTime(source.time, options), 'compare', 'merge'),
      outputNames: options === undefined ? ['out'] : ['onTime', 'late'],
    })
    const node = graph.addSource(name, define, callSiteOf(addSource))
    const [onTime, late] = node.outputNames.map(
      (_name, output) => new StreamBuilder(graph, { ports: [{ node, output }], keyed: false, time: node.outputTime }),
    )
    return options === undefined ? onTime : { onTime, late }
  }
  const flow = { source: addSource } as unknown as Flow
  return { flow, graph }
}

function epochTime(time: TimestampAlgebra<unknown>, options: ErasedOptions | undefined): TimestampAlgebra<unknown> {
  if (options?.timestamp === undefined) return time
  return options.time ?? (numberTime as TimestampAlgebra<unknown>)
}

function partitionEpochs(options: ErasedOptions): PartitionEpochs {
  checkOptionNames('a source', options, ['epochs', 'idleAfterMs', 'timestamp', 'time'])
  const { epochs, timestamp, idleAfterMs } = options
  if (idleAfterMs !== undefined && !(idleAfterMs > 0 && idleAfterMs < 2 ** 31)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `idleAfterMs is above 0 and below 2^31, not ${idleAfterMs}.`)
  }
  return { generate: callable(epochs), timestampOf: timestamp === undefined ? undefined : callable(timestamp), idleAfterMs }
}
