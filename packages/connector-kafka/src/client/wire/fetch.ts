import { errorName } from '../broker-error.ts'
import type { FetchedPartition, FetchOptions, WantedPartition } from '../kafka-port.ts'
import { byTopic } from './by-topic.ts'
import type { WireRequest } from './wire-request.ts'

export interface FetchAnswer {
  readonly error: number
  readonly partitions: readonly FetchedPartition[]
}

export function fetchRequest(wanted: readonly WantedPartition[], options: FetchOptions): WireRequest<FetchAnswer> {
  const isCommitted = options.isolation === 'committed'
  return {
    apiKey: 1,
    apiName: 'Fetch',
    apiVersion: 11,
    isThrottled: true,
    write(writer) {
      writer.int32(-1).int32(options.maxWaitMs).int32(1).int32(options.maxBytes)
      writer.int8(isCommitted ? 1 : 0)
      // No session (KIP-227): what is wanted changes with every request.
      writer.int32(0).int32(-1)
      writer.array(byTopic(wanted), ([topic, partitions]) => {
        writer.string(topic).array(partitions, ({ partition, offset, maxBytes }) => {
          writer.int32(partition).int32(-1).int64(offset).int64(-1).int32(maxBytes)
        })
      })
      writer.array([], () => undefined).string('')
    },
    read(reader) {
      reader.int32()
      const error = reader.int16()
      reader.int32()
      const topics = reader.array(() => {
        const topic = reader.string()
        return reader.array((): FetchedPartition => {
          const partition = reader.int32()
          const code = reader.int16()
          const highWatermark = reader.int64()
          const lastStableOffset = reader.int64()
          const logStartOffset = reader.int64()
          const aborted = reader.array(() => ({ producerId: reader.bigint(), firstOffset: reader.int64() }))
          reader.int32()
          return {
            topic,
            partition,
            error: code === 0 ? undefined : errorName(code),
            highWatermark,
            lastStableOffset,
            logStartOffset,
            abortedTransactions: isCommitted ? aborted : [],
            batches: reader.bytes(),
          }
        })
      })
      return { error, partitions: topics.flat() }
    },
  }
}
