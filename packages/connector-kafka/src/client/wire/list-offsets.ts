import type { OffsetQuestion } from '../kafka-port.ts'
import type { WireRequest } from './wire-request.ts'

const LATEST = -1
const EARLIEST = -2

export interface OffsetAnswer {
  readonly partition: number
  readonly error: number
  /** -1 if there is no record at or after the timestamp. */
  readonly offset: number
}

export function listOffsetsRequest(topic: string, partitions: readonly number[], at: OffsetQuestion): WireRequest<OffsetAnswer[]> {
  const timestamp = at === 'earliest' ? EARLIEST : typeof at === 'object' ? at.timestamp : LATEST
  return {
    apiKey: 2,
    apiName: 'ListOffsets',
    apiVersion: 2,
    write(writer) {
      writer.int32(-1).int8(at === 'stable' ? 1 : 0)
      writer.array([topic], () => {
        writer.string(topic).array(partitions, (partition) => writer.int32(partition).int64(timestamp))
      })
    },
    read(reader) {
      reader.int32()
      const topics = reader.array(() => {
        reader.string()
        return reader.array(() => {
          const partition = reader.int32()
          const error = reader.int16()
          reader.int64()
          return { partition, error, offset: reader.int64() }
        })
      })
      return topics.flat()
    },
  }
}
