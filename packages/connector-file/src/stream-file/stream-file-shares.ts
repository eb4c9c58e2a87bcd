import { checkOptionNames, hashString, MalstromError, type Source } from '@malstrom/core'
import type { StreamMessage } from '../stream/stream-message.ts'
import type { MessageFilter } from './stream-file-partition.ts'

/** How the messages of a stream file are divided among several readers. */
export interface StreamFileShares {
  /** From 1 to 1024. */
  readonly count: number
  /**
   * `sequence`: messages are dealt out in turn, by their sequence modulo `count`, as to the members of a consumer group of SeaStreamer.
   * `shard`: every shard of a stream is in one share as a whole, and so its messages stay in order.
   */
  readonly by: 'sequence' | 'shard'
}

const SHARES_MAX = 1024

export function checkShares(owner: string, shares: StreamFileShares): void {
  checkOptionNames(`${owner}: shares`, shares, ['count', 'by'])
  const { count, by } = shares
  if (!Number.isInteger(count) || count < 1 || count > SHARES_MAX)
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: shares.count is ${count}. Give a whole number from 1 to ${SHARES_MAX}.`)
  if (by !== 'sequence' && by !== 'shard')
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: shares.by is ${String(by)}. Give 'sequence' or 'shard'.`)
}

/** Reads files in shares, each a partition that is named by the path, its number and their count. `open` makes the source of one share. */
export function inShares<S>(
  { count, by }: StreamFileShares,
  open: (isMine: MessageFilter) => Source<StreamMessage, number, string, S>,
): Source<StreamMessage, number, string, S> {
  const sources = Array.from({ length: count }, (_, index) => open(filterOf(by, BigInt(index), BigInt(count))))
  const [first] = sources as [Source<StreamMessage, number, string, S>]
  return {
    time: first.time,
    ...(first.discoveryMs === undefined ? {} : { discoveryMs: first.discoveryMs }),
    listPartitions: async () => (await first.listPartitions()).flatMap((path) => sources.map((_, index) => `${path}#${index}/${count}`)),
    openPartition: async (partition, state, context) => {
      const [, path, index, of] = /^([\s\S]*)#(\d+)\/(\d+)$/.exec(partition) ?? []
      const source = Number(of) === count ? sources[Number(index)] : undefined
      if (path === undefined || source === undefined) throw changed(partition, count)
      return await source.openPartition(path, state, context)
    },
  }
}

function filterOf(by: StreamFileShares['by'], index: bigint, count: bigint): MessageFilter {
  if (by === 'sequence') return ({ sequence }) => sequence % count === index
  return ({ key, shard }) => (BigInt(hashString(key)) + shard) % count === index
}

function changed(partition: string, count: number): MalstromError {
  const problem = `The saved state has read the partition "${partition}", and the job now reads files in ${count} shares.`
  return new MalstromError('ERR_SOURCE_FAILED', `${problem} Set shares back to what it was, or start without the saved state.`)
}
