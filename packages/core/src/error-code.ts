/** Every code a `MalstromError` can carry. Codes are public API: `docs/errors.md` explains each one. */
export const errorCodes = [
  // Building a job
  'ERR_OPERATOR_NAME_EMPTY',
  'ERR_OPERATOR_NAME_DUPLICATE',
  'ERR_OPERATOR_ID_COLLISION',
  'ERR_OPERATOR_ARGUMENT',
  'ERR_STREAM_ENDS_NOWHERE',
  'ERR_STREAM_SECOND_SOURCE',
  'ERR_STREAM_FOREIGN',
  'ERR_JOB_EMPTY',
  'ERR_JOB_INVALID',
  'ERR_JOB_BUILD',
  // Running a job
  'ERR_KEY_INVALID',
  'ERR_TIMESTAMP_INVALID',
  'ERR_EPOCH_LAW',
  'ERR_OPERATOR_FAILED',
  'ERR_SOURCE_FAILED',
  'ERR_SOURCE_CONSUMED',
  'ERR_SINK_FAILED',
  'ERR_NO_WORKERS',
  'ERR_TIMEOUT',
  'ERR_ASSERTION',
  // Storing state
  'ERR_STORE_CONFLICT',
  // Files
  'ERR_FILE',
  'ERR_RECORD_INVALID',
  'ERR_RECORD_TOO_LARGE',
  // Command line
  'ERR_CLI_USAGE',
  'ERR_CLI_PARAMS',
  'ERR_JOB_NOT_FOUND',
  'ERR_JOB_IMPORT',
  'ERR_DEPENDENCY_MISSING',
] as const

export type ErrorCode = (typeof errorCodes)[number]
