import { type Cell, MalstromError, messageOf, type StateStore, type TaskCode } from '@malstrom/core'

type AnyStore = StateStore<unknown, unknown>

/** Generated code around the state of one key: `read` before the user's function, `write` after it. */
export interface CellCode {
  /** The variable that holds the state between `read` and `write`. */
  readonly state: string
  /** `look` and `create`. */
  readonly read: string
  /** Finds the cell of the key. What it throws is no error of a record. */
  readonly look: string
  /** Makes the state of a key that has none. */
  readonly create: string
  readonly write: string
  /** In place of `write` where no new state has come to be: the cell stays as it was, and one that was just created goes. */
  readonly undo: string
}

/** `initial` makes an expression for the state of a key that has none, of the variable that holds its cell. */
export function cellCode(code: TaskCode, store: AnyStore, key: string, initial: (cell: string) => string): CellCode {
  const states = code.bind('states', store)
  const cell = code.local('cell')
  const state = code.local('state')
  const look = `${cell} = ${states}.cell(${key})\n${state} = ${cell}.state`
  const create = `if (${state} === undefined) ${state} = ${initial(cell)}`
  return {
    state,
    look,
    create,
    read: `${look}\n${create}`,
    undo: `if (${cell}.state === undefined) ${states}.remove(${cell})`,
    write: `if (${state} === undefined) ${states}.remove(${cell})\nelse ${cell}.state = ${state}`,
  }
}

/** The interpreted form of `CellCode.write`. */
export function writeCell(store: AnyStore, cell: Cell<unknown, unknown>, state: unknown): void {
  if (state === undefined) store.remove(cell)
  else cell.state = state
}

/** The interpreted form of `CellCode.undo`. */
export function undoCell(store: AnyStore, cell: Cell<unknown, unknown>): void {
  if (cell.state === undefined) store.remove(cell)
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
