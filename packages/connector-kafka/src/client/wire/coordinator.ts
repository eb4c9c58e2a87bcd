import type { TopicOffset } from '../kafka-port.ts'
import { byTopic } from './by-topic.ts'
import type { WireRequest } from './wire-request.ts'

export interface CoordinatorAnswer {
  readonly error: number
  readonly nodeId: number
}

export function findCoordinatorRequest(key: string, kind: 'group' | 'transaction'): WireRequest<CoordinatorAnswer> {
  return {
    apiKey: 10,
    apiName: 'FindCoordinator',
    apiVersion: 1,
    write: (writer) => writer.string(key).int8(kind === 'transaction' ? 1 : 0),
    read(reader) {
      reader.int32()
      const error = reader.int16()
      reader.nullableString()
      return { error, nodeId: reader.int32() }
    },
  }
}

/** From outside the group: allowed while it has no members. The answer is the first error code. */
export function offsetCommitRequest(group: string, offsets: readonly TopicOffset[]): WireRequest<number> {
  return {
    apiKey: 8,
    apiName: 'OffsetCommit',
    apiVersion: 5,
    write(writer) {
      writer.string(group).int32(-1).string('')
      writer.array(byTopic(offsets), ([topic, partitions]) => {
        writer.string(topic).array(partitions, ({ partition, offset }) => writer.int32(partition).int64(offset).string(null))
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
      return topics.flat().find((error) => error !== 0) ?? 0
    },
  }
}

export interface GroupOffsets {
  readonly error: number
  /** -1 where the group has none. */
  readonly partitions: readonly { readonly partition: number; readonly offset: number; readonly error: number }[]
}

export function offsetFetchRequest(group: string, topic: string, partitions: readonly number[]): WireRequest<GroupOffsets> {
  return {
    apiKey: 9,
    apiName: 'OffsetFetch',
    apiVersion: 3,
    write(writer) {
      writer.string(group).array([topic], () => {
        writer.string(topic).array(partitions, (partition) => writer.int32(partition))
      })
    },
    read(reader) {
      reader.int32()
      const topics = reader.array(() => {
        reader.string()
        return reader.array(() => {
          const partition = reader.int32()
          const offset = reader.int64()
          reader.nullableString()
          return { partition, offset, error: reader.int16() }
        })
      })
      return { partitions: topics.flat(), error: reader.int16() }
    },
  }
}
