/**
 * A record batch, version 2, as it lies in Kafka's log and on its wire; big-endian
 * (https://kafka.apache.org/documentation/#recordbatch). The checksum covers everything from the attributes on.
 *
 *     base offset i64 | length i32 | leader epoch i32 | magic i8 | crc u32 | attributes i16 | last offset delta i32 |
 *     base timestamp i64 | max timestamp i64 | producer id i64 | producer epoch i16 | base sequence i32 | count i32 | records
 */
export const BATCH_MAGIC = 2

export const BASE_OFFSET_AT = 0
/** Bytes that follow this field. */
export const LENGTH_AT = 8
export const LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const COUNT_AT = 57
export const BATCH_HEADER_BYTES = 61
/** What comes before the bytes that the length counts. */
export const BATCH_PREFIX_BYTES = 12

export const COMPRESSION_BITS = 0b111
export const LOG_APPEND_TIME_BIT = 1 << 3
export const TRANSACTIONAL_BIT = 1 << 4
export const CONTROL_BIT = 1 << 5

export const NO_PRODUCER_ID = -1n
