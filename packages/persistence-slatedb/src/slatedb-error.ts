import { MalstromError, type Outcome } from '@malstrom/core'
import type { Failure } from './process/messages.ts'
import type { SlateDbSettings } from './slatedb-options.ts'

export function closedError(scope: string): MalstromError {
  return new MalstromError('ERR_STORE_CLOSED', `The store of "${scope}" is closed. Open it again.`)
}

/** What SlateDB could not do, and what to do about it. `outcome` is that of a write that broke off. */
export function slateDbError({ name }: SlateDbSettings, task: string, failure: Failure, outcome: Outcome): MalstromError {
  const { kind, reason, message } = failure
  const context = { path: name }
  const cause = Object.assign(new Error(message), { name: reason === undefined ? kind : `${kind} (${reason})` })
  const error = (what: string, advice: string, certain: Outcome = outcome) =>
    new MalstromError('ERR_STORE', `The state in ${name} cannot be used (${what}, while trying to ${task}). ${advice}`, {
      cause,
      context,
      outcome: certain,
    })
  switch (kind) {
    case 'Binding':
      return bindingError(cause)
    case 'Conflict':
      return new MalstromError(
        'ERR_STORE_CONFLICT',
        `The object "${message}" is not as expected: somebody else has written it. Nothing was changed.`,
      )
    case 'Directory':
      return error(message, 'Give this user the right to read and write there, or choose another directory.', 'failed')
    case 'Corrupt':
    case 'Data':
      return new MalstromError('ERR_DATA_CORRUPT', `The state in ${name} is not readable (while trying to ${task}): ${message}`, {
        cause,
        context,
      })
    case 'Closed':
      return reason === 'Fenced' ? fencedError(name, task, cause, outcome) : error(`the database is closed`, 'Open it again.')
    case 'Process':
      return error(message, 'Open it again; what happened just before tells why.')
    case 'Deadline':
      return error(
        message,
        'SlateDB keeps trying. Check the address, the credentials in the environment and the network, or raise callTimeoutMs.',
      )
    case 'Unavailable':
      return error(message, 'Check the address, the credentials and the network.')
    case 'Invalid':
      return error(message, 'Check the address; SlateDB knows file, s3, gs and az.', 'failed')
    default:
      return error(message, 'The cause tells more.')
  }
}

/** A database has one writer. */
function fencedError(name: string, task: string, cause: Error, outcome: Outcome): MalstromError {
  return new MalstromError(
    'ERR_FENCED',
    `Another process has opened the state in ${name} (noticed while trying to ${task}). This one must stop; what it writes no longer counts.`,
    { cause, context: { path: name }, outcome },
  )
}

function bindingError(cause: Error): MalstromError {
  const platform = `${process.platform}-${process.arch}`
  return new MalstromError(
    'ERR_DEPENDENCY_MISSING',
    `SlateDB's binding cannot be loaded on ${platform} with Node ${process.versions.node}. Install it: npm install @slatedb/uniffi. It has binaries for Linux with glibc, macOS and Windows, each x64 and arm64; elsewhere use s3Persistence or diskPersistence.`,
    { cause },
  )
}
