/** The codes that a broker may answer with to what we ask (https://kafka.apache.org/protocol#protocol_error_codes). */
const NAMES: Readonly<Record<number, string>> = {
  [-1]: 'UNKNOWN_SERVER_ERROR',
  0: 'NONE',
  1: 'OFFSET_OUT_OF_RANGE',
  2: 'CORRUPT_MESSAGE',
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  4: 'INVALID_FETCH_SIZE',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  7: 'REQUEST_TIMED_OUT',
  8: 'BROKER_NOT_AVAILABLE',
  9: 'REPLICA_NOT_AVAILABLE',
  10: 'MESSAGE_TOO_LARGE',
  13: 'NETWORK_EXCEPTION',
  14: 'COORDINATOR_LOAD_IN_PROGRESS',
  15: 'COORDINATOR_NOT_AVAILABLE',
  16: 'NOT_COORDINATOR',
  17: 'INVALID_TOPIC_EXCEPTION',
  18: 'RECORD_LIST_TOO_LARGE',
  19: 'NOT_ENOUGH_REPLICAS',
  20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  22: 'ILLEGAL_GENERATION',
  24: 'INVALID_GROUP_ID',
  25: 'UNKNOWN_MEMBER_ID',
  28: 'INVALID_COMMIT_OFFSET_SIZE',
  29: 'TOPIC_AUTHORIZATION_FAILED',
  30: 'GROUP_AUTHORIZATION_FAILED',
  31: 'CLUSTER_AUTHORIZATION_FAILED',
  32: 'INVALID_TIMESTAMP',
  35: 'UNSUPPORTED_VERSION',
  36: 'TOPIC_ALREADY_EXISTS',
  37: 'INVALID_PARTITIONS',
  38: 'INVALID_REPLICATION_FACTOR',
  40: 'INVALID_CONFIG',
  41: 'NOT_CONTROLLER',
  42: 'INVALID_REQUEST',
  43: 'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  44: 'POLICY_VIOLATION',
  45: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  46: 'DUPLICATE_SEQUENCE_NUMBER',
  47: 'INVALID_PRODUCER_EPOCH',
  48: 'INVALID_TXN_STATE',
  49: 'INVALID_PRODUCER_ID_MAPPING',
  50: 'INVALID_TRANSACTION_TIMEOUT',
  51: 'CONCURRENT_TRANSACTIONS',
  52: 'TRANSACTION_COORDINATOR_FENCED',
  53: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  55: 'OPERATION_NOT_ATTEMPTED',
  56: 'KAFKA_STORAGE_ERROR',
  59: 'UNKNOWN_PRODUCER_ID',
  69: 'GROUP_ID_NOT_FOUND',
  74: 'FENCED_LEADER_EPOCH',
  75: 'UNKNOWN_LEADER_EPOCH',
  76: 'UNSUPPORTED_COMPRESSION_TYPE',
  78: 'OFFSET_NOT_AVAILABLE',
  82: 'FENCED_INSTANCE_ID',
  87: 'INVALID_RECORD',
  88: 'UNSTABLE_OFFSET_COMMIT',
  89: 'THROTTLING_QUOTA_EXCEEDED',
  90: 'PRODUCER_FENCED',
  100: 'UNKNOWN_TOPIC_ID',
  103: 'INCONSISTENT_TOPIC_ID',
  120: 'TRANSACTION_ABORTABLE',
}

export function errorName(code: number): string {
  return NAMES[code] ?? `ERROR_${code}`
}

/** The leader is another, or none at the moment: nothing was done, and asking for the leader again helps. */
const LEADER_MOVED = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
])

export function isLeaderMoved(name: string): boolean {
  return LEADER_MOVED.has(name)
}

/** The coordinator is another, or not ready yet: nothing was done, and finding it again helps. */
const COORDINATOR_MOVED = new Set(['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR'])

export function isCoordinatorMoved(name: string): boolean {
  return COORDINATOR_MOVED.has(name)
}

/** Pass by themselves, besides leaders and coordinators that move. */
const PASSING = new Set([
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'CONCURRENT_TRANSACTIONS',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN_SERVER_ERROR',
  'CORRUPT_MESSAGE',
])

/** Whether the same request may be answered otherwise later, without anybody changing anything. */
export function isPassing(name: string): boolean {
  return PASSING.has(name) || isLeaderMoved(name) || isCoordinatorMoved(name)
}

/** The epoch of this producer is over: another one began, or the transaction was aborted after its time-out. */
const FENCED = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'UNKNOWN_PRODUCER_ID',
  'TRANSACTION_ABORTABLE',
])

export function isFenced(name: string): boolean {
  return FENCED.has(name)
}

/** What a user can do about it. */
const ADVICE: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'Create the topic, or check its name.',
  INVALID_TOPIC_EXCEPTION: 'A topic name has up to 249 letters, digits, ".", "_" and "-".',
  TOPIC_AUTHORIZATION_FAILED: 'Give the user the right to this topic.',
  GROUP_AUTHORIZATION_FAILED: 'Give the user the right to this group.',
  CLUSTER_AUTHORIZATION_FAILED: 'Give the user the right to do this in the cluster.',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'Give the user the right to this transactional id.',
  MESSAGE_TOO_LARGE: 'Make the records smaller, or raise max.message.bytes of the topic.',
  RECORD_LIST_TOO_LARGE: 'Make the records smaller, or raise max.message.bytes of the topic.',
  INVALID_RECORD: 'A compacted topic wants a key in every record; other topics may want timestamps near the present.',
  UNKNOWN_MEMBER_ID: 'Another program is a member of this group. Give the job a group of its own.',
  INVALID_TRANSACTION_TIMEOUT: 'Lower the transaction time-out, or raise transaction.max.timeout.ms of the broker.',
  INVALID_REPLICATION_FACTOR: 'Ask for no more replicas than there are brokers.',
  UNSUPPORTED_VERSION: 'Use Kafka 3.7 or later.',
  UNSUPPORTED_COMPRESSION_TYPE: 'Use another compression.',
}

export function adviceOn(name: string): string {
  return ADVICE[name] ?? 'Look into the log of the broker.'
}
