import type { Source } from '@malstrom/core'
import { openKafka } from '../client/kafka-connection.ts'
import { checkSourceOptions } from './check-source-options.ts'
import type { KafkaPosition, KafkaSourceOptions } from './kafka-source-options.ts'
import { TopicSource } from './topic-source.ts'

/**
 * The records of Kafka topics. Each partition of a topic is a partition of the job, named `orders/0`, and moves
 * between workers with its position, which is part of the snapshot: no consumer group, no rebalance. Timestamps are
 * those of the records, in milliseconds since 1970.
 *
 * Brokers that go away and come back are waited for. What cannot mend itself is `ERR_KAFKA`.
 */
export function kafkaSource<V>(options: KafkaSourceOptions<V>): Source<V, number, string, KafkaPosition> {
  return new TopicSource(checkSourceOptions(options), () => openKafka(options))
}
