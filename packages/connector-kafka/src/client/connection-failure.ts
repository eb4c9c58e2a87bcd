import { MalstromError, messageOf } from '@malstrom/core'
import { kafkaError } from './kafka-error.ts'

/** Whether an error came before the request was sent, or it may have arrived. */
export type FailureStage = 'connecting' | 'waiting'

/** What kafkajs threw while it connected to a broker or waited for its answer, as `ERR_KAFKA`. Names no credentials. */
export function connectionFailure(address: string, stage: FailureStage, thrown: unknown): MalstromError {
  if (thrown instanceof MalstromError) return thrown
  const outcome = stage === 'connecting' ? 'failed' : 'unknown'
  const reason = reasonOf(thrown)
  if (isRefusedLogin(thrown)) {
    const problem = `Kafka: ${address} did not accept the credentials (${reason}). Check sasl.`
    return kafkaError(problem, { reason, retriable: false }, withoutSecrets(thrown), outcome)
  }
  if (isTlsProblem(reason)) {
    const problem = `Kafka: ${address} and this process do not agree on TLS (${reason}). Check ssl.`
    return kafkaError(problem, { reason, retriable: false }, withoutSecrets(thrown), outcome)
  }
  const what = stage === 'connecting' ? 'cannot be reached' : 'did not answer'
  const problem = `Kafka: ${address} ${what} (${reason}). Check that the broker runs and that this is its address; with TLS, check ssl.`
  return kafkaError(problem, { reason, retriable: true }, withoutSecrets(thrown), outcome)
}

function reasonOf(thrown: unknown): string {
  const { code, type, name } = thrown as { code?: unknown; type?: unknown; name?: unknown }
  if (typeof type === 'string') return type
  if (typeof code === 'string') return code
  return typeof name === 'string' && name !== 'Error' ? name : messageOf(thrown)
}

function isRefusedLogin(thrown: unknown): boolean {
  const { name, type } = thrown as { name?: unknown; type?: unknown }
  return (
    name === 'KafkaJSSASLAuthenticationError' ||
    type === 'SASL_AUTHENTICATION_FAILED' ||
    type === 'UNSUPPORTED_SASL_MECHANISM' ||
    type === 'ILLEGAL_SASL_STATE'
  )
}

/** The codes of OpenSSL for certificates, and Node's for names and handshakes. */
function isTlsProblem(reason: string): boolean {
  return /CERT|^ERR_TLS|^ERR_SSL|^EPROTO$|SELF_SIGNED|UNABLE_TO_VERIFY/.test(reason)
}

/** The message of kafkajs without what hangs on its errors: SASL errors may carry what the broker sent. */
function withoutSecrets(thrown: unknown): Error {
  const cause = new Error(messageOf(thrown))
  if (thrown instanceof Error) cause.name = thrown.name
  return cause
}
