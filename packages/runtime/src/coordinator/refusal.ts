import { MalstromError } from '@malstrom/core'

/** The job has ended while somebody waited to ask something of it. */
export function hasEnded(job: string): MalstromError {
  return new MalstromError('ERR_NOT_RUNNING', `Job "${job}" has ended meanwhile.`, { context: { job } })
}

/** Somebody else has asked for a rescale that is not done yet. */
export function isRescaled(job: string): MalstromError {
  return new MalstromError('ERR_RESCALE', `Job "${job}" is being rescaled. Wait until that is done.`, { context: { job } })
}

/** Whether the job goes on as if nothing had been asked. */
export function isRefusal(error: unknown): boolean {
  return error instanceof MalstromError && (error.code === 'ERR_RESCALE' || error.code === 'ERR_NOT_RUNNING' || isAbandoned(error))
}

/** Whether a snapshot has waited too long. */
export function isAbandoned(error: unknown): boolean {
  return error instanceof MalstromError && error.code === 'ERR_SNAPSHOT_TIMEOUT'
}

/** Whether somebody could not be reached any more: mostly that follows from a failure at the other end, which is told later. */
export function isLoss(error: unknown): boolean {
  return error instanceof MalstromError && (error.code === 'ERR_WORKER_LOST' || error.code === 'ERR_LINK_LOST')
}
