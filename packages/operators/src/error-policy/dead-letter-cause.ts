import { messageOf } from '@malstrom/core'
import type { DeadLetterCause, ValidationIssue } from './on-error.ts'

/** Thrown by `validate` for a value that its schema refuses; becomes a cause with issues. */
export class SchemaMismatch extends Error {
  readonly issues: readonly ValidationIssue[]

  constructor(issues: readonly ValidationIssue[]) {
    super(issues.map(({ message, path }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; '))
    this.name = 'SchemaMismatch'
    this.issues = issues
  }
}

/** What was thrown, as plain data. Reading it must not throw again, whatever it is. */
export function causeOf(thrown: unknown): DeadLetterCause {
  if (!(thrown instanceof Error)) return { message: messageOf(thrown), name: thrown === null ? 'null' : typeof thrown }
  const { code } = thrown as { readonly code?: unknown }
  return {
    message: String(thrown.message),
    name: String(thrown.name),
    ...(typeof code === 'string' ? { code } : {}),
    // A mismatch is a property of the value: where it was found says nothing.
    ...(thrown instanceof SchemaMismatch ? { issues: thrown.issues } : typeof thrown.stack === 'string' ? { stack: thrown.stack } : {}),
  }
}
