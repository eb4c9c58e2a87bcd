import { type Cell, MalstromError, messageOf, type StateStore, type TaskCode } from '@malstrom/core'

type AnyStore = StateStore<unknown, unknown>

/** Generated code around the state of one key: `read` before the user's function, `write` after it. */
export interface CellCode {
  /** The variable that holds the state between `read` and `write`. */
  readonly state: string
  readonly read: string
  readonly write: string
}

/** `initial` is an expression for the state of a key that has none. */
export function cellCode(code: TaskCode, store: AnyStore, key: string, initial: string): CellCode {
  const states = code.bind('states', store)
  const cell = code.local('cell')
  const state = code.local('state')
  return {
    state,
    read: `${cell} = ${states}.cell(${key})\n${state} = ${cell}.state\nif (${state} === undefined) ${state} = ${initial}`,
    write: `if (${state} === undefined) ${states}.remove(${cell})\nelse ${cell}.state = ${state}`,
  }
}

/** The interpreted form of `CellCode.write`. */
export function writeCell(store: AnyStore, cell: Cell<unknown, unknown>, state: unknown): void {
  if (state === undefined) store.remove(cell)
  else cell.state = state
}

/** Lines that refuse what is no pair of output and state. */
export function checkPairLines(code: TaskCode, result: string): string {
  return `if (!Array.isArray(${result}) || ${result}.length !== 2) ${code.bind('checkPair', checkPair)}(${result})`
}

export function checkPair(result: unknown): void {
  if (Array.isArray(result) && result.length === 2) return
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `${messageOf(result)} was returned in place of the pair [output, state]. A state of undefined forgets the key.`,
  )
}
