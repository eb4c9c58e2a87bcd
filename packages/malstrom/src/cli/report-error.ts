import { inspect } from 'node:util'
import { type ErrorCode, MalstromError, messageOf } from '@malstrom/core'
import { placeOf } from './place.ts'

/** Errors about what the user typed. They end the process with status 2, all others with 1. */
const usageCodes: ReadonlySet<ErrorCode> = new Set(['ERR_CLI_USAGE', 'ERR_CLI_PARAMS', 'ERR_JOB_NOT_FOUND'])

/** Whether `thrown` is a `MalstromError`, also one of another copy of the package than the CLI's. */
export function isMalstromError(thrown: unknown): thrown is MalstromError {
  return thrown instanceof Error && thrown.name === 'MalstromError' && String((thrown as { code?: unknown }).code).startsWith('ERR_')
}

export function exitStatusOf(thrown: unknown): number {
  return isMalstromError(thrown) && usageCodes.has(thrown.code) ? 2 : 1
}

/** The lines to print for an error: `malstrom: ERR_CODE: message`, then what failed after it, then stacks if asked for. */
export function errorText(thrown: unknown, withStack: boolean): string {
  const lines = [headline(thrown)]
  for (const other of suppressedBy(thrown)) lines.push(`${headline(other)} (while closing)`)
  if (withStack) for (const error of [thrown, ...suppressedBy(thrown)]) lines.push(inspect(error, { depth: 6, colors: false }))
  return `${lines.join('\n')}\n`
}

function headline(thrown: unknown): string {
  if (isMalstromError(thrown)) return `malstrom: ${thrown.code}: ${thrown.message}`
  return `malstrom: ${thrown instanceof Error ? `${thrown.name}: ` : ''}${messageOf(thrown)}`
}

/** Errors that came while closing after the first one. */
function suppressedBy(thrown: unknown): readonly unknown[] {
  const { suppressed } = (thrown ?? {}) as { suppressed?: unknown }
  return Array.isArray(suppressed) ? suppressed : []
}

/** What reached the process because nobody caught it. */
export function uncaughtError(thrown: unknown): MalstromError {
  if (isMalstromError(thrown)) return thrown
  const place = placeOf(thrown)
  return new MalstromError(
    'ERR_OPERATOR_FAILED',
    'Code of the job threw outside of its operators (in a timer, an event handler, or a promise that nobody awaits)' +
      `${place === undefined ? '' : ` at ${place}`}: ${messageOf(thrown)}`,
    { cause: thrown },
  )
}
