import { MalstromError, messageOf } from '@malstrom/core'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'

/** How records of a control stream change what every worker knows, and what data records make of it. */
export interface BroadcastLogic<S, C, V, O, T> {
  /** The state before the first control record: equal on every worker. */
  init(): S
  /**
   * The state after a control record. Called on every worker for each of them, in the same order everywhere, so it
   * must be pure: no clock, no chance, nothing that differs between workers. It may change `state` and return it.
   */
  onControl(state: S, control: C, timestamp: T): S
  /** What becomes of a data record; nothing if it is `undefined`. Must not change `state`. */
  onData(state: S, value: V, timestamp: T): O | undefined
}

/** The same for streams with keys. */
export interface KeyedBroadcastLogic<S, C, K, V, O, T> extends Pick<BroadcastLogic<S, C, V, O, T>, 'init' | 'onControl'> {
  /** What becomes of a data record; nothing if it is `undefined`. Must not change `state`. */
  onData(state: S, value: V, key: K, timestamp: T): O | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: erased, the stream's types have checked the logic
export type AnyBroadcastLogic = { init(): any; onControl: Callback; onData: Callback }

/** A record of the control stream among those of the data stream. Made behind the exchange, so it never travels. */
class ControlRecord {
  readonly control: unknown

  constructor(control: unknown) {
    this.control = control
  }
}

/** Sends every record from where it is to all workers. */
export function sendToAll(): OperatorDefinition {
  return {
    kind: 'sendToAll',
    outputKeyed: false,
    exchange: { partitioner: 'all' },
    open: () => ({
      record: (code, record) => code.emit({ ...record, key: 'undefined' }),
      interpret: (next) => ({
        data: (value, _key, timestamp) => next.data(value, undefined, timestamp),
        epoch: (epoch) => next.epoch(epoch),
      }),
    }),
  }
}

/** Marks what comes as control records. */
export function asControl(): OperatorDefinition {
  return {
    kind: 'asControl',
    open: () => ({
      record(code, record) {
        const control = code.local('control')
        return `${control} = new ${code.bind('ControlRecord', ControlRecord)}(${record.value})\n${code.emit({ ...record, value: control })}`
      },
      interpret: (next) => ({
        data: (value, key, timestamp) => next.data(new ControlRecord(value), key, timestamp),
        epoch: (epoch) => next.epoch(epoch),
      }),
    }),
  }
}

/** Reads control records and data records: a copy of the state on every worker, all equal at every barrier. */
export function broadcast(logic: AnyBroadcastLogic): OperatorDefinition {
  return {
    kind: 'broadcast',
    open(_context, { keyed }) {
      const copy = new StateCopy(logic)
      return {
        replicated: true,
        snapshot: () => copy.snapshot(),
        // All are equal, also where there are more workers now or fewer.
        restore: ([saved]) => copy.restore(saved as SavedCopy | undefined),
        record(code, record) {
          const [name, output] = [code.bind('copy', copy), code.local('output')]
          const key = keyed ? `${record.key}, ` : ''
          return [
            `if (${record.value} instanceof ${code.bind('ControlRecord', ControlRecord)}) {`,
            `${name}.change(${record.value}.control, ${record.timestamp})`,
            '} else {',
            `${output} = ${code.bind('broadcast', logic)}.onData(${name}.state, ${record.value}, ${key}${record.timestamp})`,
            `if (${output} !== undefined) {\n${code.emit({ ...record, value: output })}\n}`,
            '}',
          ].join('\n')
        },
        interpret: (next) => ({
          data: (value, key, timestamp) => {
            if (value instanceof ControlRecord) {
              copy.change(value.control, timestamp)
              return
            }
            const output = keyed ? logic.onData(copy.state, value, key, timestamp) : logic.onData(copy.state, value, timestamp)
            if (output !== undefined) next.data(output, key, timestamp)
          },
          epoch: (epoch) => next.epoch(epoch),
        }),
      }
    },
  }
}

interface SavedCopy {
  readonly state: unknown
}

class StateCopy {
  state: unknown
  readonly #logic: AnyBroadcastLogic
  /** What a snapshot holds, until the next control record: a snapshot is written while the state goes on changing. */
  #saved: SavedCopy | undefined

  constructor(logic: AnyBroadcastLogic) {
    this.#logic = logic
    this.state = checkState('init', logic.init())
  }

  change(control: unknown, timestamp: unknown): void {
    this.#saved = undefined
    this.state = checkState('onControl', this.#logic.onControl(this.state, control, timestamp))
  }

  snapshot(): SavedCopy {
    this.#saved ??= { state: copyOf(this.state) }
    return this.#saved
  }

  restore(saved: SavedCopy | undefined): void {
    if (saved !== undefined) this.state = copyOf(saved.state)
  }
}

function checkState(of: string, state: unknown): unknown {
  if (state !== undefined) return state
  throw new MalstromError('ERR_OPERATOR_FAILED', `${of} returned undefined. It returns the state, also where it has changed it in place.`)
}

function copyOf(state: unknown): unknown {
  try {
    return structuredClone(state)
  } catch (error) {
    throw new MalstromError(
      'ERR_VALUE_NOT_ENCODABLE',
      `the state cannot be saved: ${messageOf(error)} It may consist of plain objects, arrays, maps, sets, dates and primitives.`,
      { cause: error },
    )
  }
}
