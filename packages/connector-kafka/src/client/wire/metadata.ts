import type { WireRequest } from './wire-request.ts'

export interface Metadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number; readonly rack: string | null }[]
  readonly controllerId: number
  readonly topics: readonly TopicMetadata[]
}

export interface TopicMetadata {
  readonly error: number
  readonly topic: string
  readonly partitions: readonly { readonly error: number; readonly partition: number; readonly leader: number }[]
}

/** Of these topics only, none of which it creates. */
export function metadataRequest(topics: readonly string[]): WireRequest<Metadata> {
  return {
    apiKey: 3,
    apiName: 'Metadata',
    apiVersion: 5,
    write: (writer) => writer.array(topics, (topic) => writer.string(topic)).boolean(false),
    read(reader) {
      reader.int32()
      const readPartition = () => {
        const partition = { error: reader.int16(), partition: reader.int32(), leader: reader.int32() }
        for (let list = 0; list < 3; list++) reader.array(() => reader.int32())
        return partition
      }
      const brokers = reader.array(() => ({
        nodeId: reader.int32(),
        host: reader.string(),
        port: reader.int32(),
        rack: reader.nullableString(),
      }))
      reader.nullableString()
      const controllerId = reader.int32()
      const topics = reader.array(() => {
        const error = reader.int16()
        const topic = reader.string()
        reader.boolean()
        return { error, topic, partitions: reader.array(() => readPartition()) }
      })
      return { brokers, controllerId, topics }
    },
  }
}
