import type { Failure } from './messages.ts'

/** An error of this package inside the process of the databases; elsewhere it becomes a `MalstromError`. */
export class ProcessError extends Error {
  readonly kind: 'Closed' | 'Conflict' | 'Corrupt' | 'Directory'

  constructor(kind: 'Closed' | 'Conflict' | 'Corrupt' | 'Directory', message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

/** What SlateDB's errors have. */
interface BindingError {
  readonly tag?: string
  readonly reason?: string
  readonly message?: string
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ProcessError) return { kind: error.kind, message: error.message }
  const { tag, reason, message } = error as BindingError
  return { kind: tag ?? 'Error', message: message ?? String(error), ...(reason === undefined ? {} : { reason }) }
}
