export type { KafkaConnection } from './client/kafka-connection.ts'
export type { KafkaErrorContext } from './client/kafka-error.ts'
export { confluentWire, type PayloadDecoder } from './decode/confluent-wire.ts'
export type { RecordDecoder, TombstoneOption } from './decode/record-decoder.ts'
export { toConfluentWire } from './decode/to-confluent-wire.ts'
export { bytes, json, string } from './decode/value-decoders.ts'
export type { CompressionName } from './record-batch/compression/compression.ts'
export type { KafkaHeader, KafkaRecord } from './record-batch/kafka-record.ts'
export type { RecordBytes, RecordHeaders } from './record-batch/record-batch-builder.ts'
export { type KafkaSink, type KafkaSinkOptions, kafkaSink } from './sink/kafka-sink.ts'
export type { LaneState, StagedBatch, StagedInterval } from './sink/lane-state.ts'
export { kafkaSource } from './source/kafka-source.ts'
export type { KafkaPosition, KafkaSourceOptions, UndecodableHandler } from './source/kafka-source-options.ts'
export type { StartPosition } from './source/start-position.ts'
export {
  type KafkaMessage,
  type KafkaParts,
  type KafkaScheme,
  type KafkaSchemeOptions,
  type KafkaUrl,
  kafkaScheme,
  kafkaSchemes,
  type NewKafkaMessage,
} from './url/kafka-scheme.ts'
