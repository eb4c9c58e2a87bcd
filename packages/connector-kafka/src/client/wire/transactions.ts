import type { WireRequest } from './wire-request.ts'

/** Who a transactional id is at the moment. */
export interface ProducerIdentity {
  readonly id: bigint
  readonly epoch: number
}

export function initProducerIdRequest(
  transactionalId: string,
  timeoutMs: number,
): WireRequest<{ readonly error: number; readonly producer: ProducerIdentity }> {
  return {
    apiKey: 22,
    apiName: 'InitProducerId',
    apiVersion: 1,
    write: (writer) => writer.string(transactionalId).int32(timeoutMs),
    read(reader) {
      reader.int32()
      return { error: reader.int16(), producer: { id: reader.bigint(), epoch: reader.int16() } }
    },
  }
}

/** The answer is the error code of the partition. */
export function addPartitionRequest(
  transactionalId: string,
  producer: ProducerIdentity,
  topic: string,
  partition: number,
): WireRequest<number> {
  return {
    apiKey: 24,
    apiName: 'AddPartitionsToTxn',
    apiVersion: 1,
    write(writer) {
      writer.string(transactionalId).int64(producer.id).int16(producer.epoch)
      writer.array([topic], () => {
        writer.string(topic).array([partition], () => writer.int32(partition))
      })
    },
    read(reader) {
      reader.int32()
      const topics = reader.array(() => {
        reader.string()
        return reader.array(() => {
          reader.int32()
          return reader.int16()
        })
      })
      return topics.flat()[0] ?? 0
    },
  }
}

/** The answer is the error code. */
export function endTransactionRequest(transactionalId: string, producer: ProducerIdentity, commit: boolean): WireRequest<number> {
  return {
    apiKey: 26,
    apiName: 'EndTxn',
    apiVersion: 1,
    write: (writer) => writer.string(transactionalId).int64(producer.id).int16(producer.epoch).boolean(commit),
    read(reader) {
      reader.int32()
      return reader.int16()
    },
  }
}
