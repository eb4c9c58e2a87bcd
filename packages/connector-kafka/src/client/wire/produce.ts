import { type BatchProducer, sealBatch } from '../../record-batch/seal-batch.ts'
import type { UnsealedBatch } from '../kafka-port.ts'
import type { WireRequest } from './wire-request.ts'

const ALL_IN_SYNC_REPLICAS = -1

export interface ProduceRequest {
  readonly topic: string
  readonly partition: number
  readonly batch: UnsealedBatch
  /** How long the broker waits for the other replicas. */
  readonly timeoutMs: number
  readonly transaction: { readonly id: string; readonly producer: BatchProducer } | undefined
}

/** One batch for one partition; the answer is its error code. */
export function produceRequest({ topic, partition, batch, timeoutMs, transaction }: ProduceRequest): WireRequest<number> {
  return {
    apiKey: 0,
    apiName: 'Produce',
    apiVersion: 7,
    write(writer) {
      writer
        .string(transaction?.id ?? null)
        .int16(ALL_IN_SYNC_REPLICAS)
        .int32(timeoutMs)
      writer.array([topic], () => {
        writer.string(topic).array([partition], () => {
          writer.int32(partition).int32(batch.bytes.length)
          // Sealed in the bytes that are sent, because the batch may be written again under another epoch.
          const sent = writer.room(batch.bytes.length)
          sent.set(batch.bytes)
          sealBatch(sent, transaction?.producer)
        })
      })
    },
    read(reader) {
      const topics = reader.array(() => {
        reader.string()
        return reader.array(() => {
          reader.int32()
          const error = reader.int16()
          for (let number = 0; number < 3; number++) reader.bigint()
          return error
        })
      })
      return topics.flat()[0] ?? 0
    },
  }
}
