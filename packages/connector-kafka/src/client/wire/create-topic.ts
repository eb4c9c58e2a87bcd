import type { NewTopic } from '../kafka-port.ts'
import type { WireRequest } from './wire-request.ts'

export function createTopicRequest(
  { topic, partitions, replicas, config = {} }: NewTopic,
  timeoutMs: number,
): WireRequest<{ readonly error: number; readonly reason: string }> {
  return {
    apiKey: 19,
    apiName: 'CreateTopics',
    apiVersion: 2,
    write(writer) {
      writer.array([topic], () => {
        writer.string(topic).int32(partitions).int16(replicas)
        writer.array([], () => undefined)
        writer.array(Object.entries(config), ([name, value]) => writer.string(name).string(value))
      })
      writer.int32(timeoutMs).boolean(false)
    },
    read(reader) {
      reader.int32()
      const [answer] = reader.array(() => {
        reader.string()
        return { error: reader.int16(), reason: reader.string() }
      })
      return answer ?? { error: -1, reason: 'no answer' }
    },
  }
}
