import { type ErrorContext, MalstromError, messageOf, type Outcome } from '@malstrom/core'
import { RedisRefusal } from './redis-port.ts'

/** What happened, where, and what to do. Holds no command and no credentials. */
export function redisError(
  server: string,
  task: string,
  thrown: unknown,
  context: ErrorContext = {},
  outcome: Outcome = 'failed',
): MalstromError {
  if (thrown instanceof MalstromError) return thrown
  const message = withoutCredentials(messageOf(thrown))
  const advice = adviceOf(thrown, message)
  return new MalstromError('ERR_REDIS', `Redis at ${server} failed while trying to ${task}: ${sentence(message)}${advice}`, {
    cause: new Error(message),
    context,
    outcome,
  })
}

/** The credentials were refused, or are missing: trying again does not help. */
export function isCredentialError(message: string): boolean {
  return /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|AUTH))/.test(message)
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`
}

/** An address that a client was given may be part of what it says. */
function withoutCredentials(message: string): string {
  return message.replace(/\/\/[^/@\s]*@/g, '//***@')
}

const ADVICE: Readonly<Record<string, string>> = {
  WRONGPASS: 'The user name or the password is wrong. Check them.',
  NOAUTH: 'The server wants credentials. Give a password, and a user name if it is not the default user.',
  NOPERM: 'The user may not do this. Grant it the command and the key (ACL SETUSER).',
  WRONGTYPE: 'The key holds something that is no stream. Choose another key, or remove what is there.',
  NOGROUP: 'The consumer group is gone. Create it again, or start the job without its saved state.',
  OOM: 'The server has reached its memory limit. Raise maxmemory, or trim the streams.',
  MISCONF: 'The server cannot save its data and takes no writes. Look into its log.',
  CROSSSLOT: 'The keys lie in different slots of the cluster. Give them one hash tag: {orders}:in, {orders}:out.',
  MOVED: 'This is a node of a cluster. Connect with `cluster: { nodes: [...] }`.',
  ECONNREFUSED: 'Nobody listens there. Start the server, or correct the address.',
  ENOTFOUND: 'There is no such host. Correct the address.',
  EAI_AGAIN: 'The name of the host cannot be looked up now. Check the network.',
  ETIMEDOUT: 'It does not answer. Check the address and the network.',
  ECONNRESET: 'The connection broke. If the server wants TLS, use rediss://; if it does not, use redis://.',
  EPROTO: 'The two do not agree on TLS. If the server speaks none, use redis://.',
}

function adviceOf(thrown: unknown, message: string): string {
  const code = thrown instanceof RedisRefusal ? thrown.code : undefined
  const known = Object.keys(ADVICE).find((word) => word === code || message.includes(word))
  if (known !== undefined) return ` ${ADVICE[known]}`
  if (/unknown command/i.test(message)) return ' The server is too old: Redis 6.2 or newer is needed.'
  if (/certificate|self.signed/i.test(message)) return ' Give the authority that signed the certificate of the server: tls: { ca }.'
  return ''
}
