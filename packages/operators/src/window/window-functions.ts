import { MalstromError, type StateOptions } from '@malstrom/core'
import { checkStateOptions } from '../keyed/state-options.ts'
import { callable, withMethods } from '../stream/arguments.ts'
import type { Callback } from '../stream/definition.ts'
import type { Window } from './window.ts'

/** How the records of a window become a result: type-erased, the streams have checked the types. */
export interface WindowFunctions {
  init(key: unknown): unknown
  add(accumulator: unknown, value: unknown, key: unknown, timestamp: unknown): unknown
  /** Makes a new accumulator of two; leaves both as they are. */
  readonly merge: ((earlier: unknown, later: unknown) => unknown) | undefined
  readonly emit: ((accumulator: unknown, window: Window<unknown>, key: unknown) => unknown) | undefined
  /** As in `OperatorDefinition`. */
  readonly needsEach?: true
  /** The version of what accumulators look like. */
  readonly version: number | undefined
  readonly migrate: ((accumulator: unknown, version: number) => unknown) | undefined
}

type Versioned = Pick<StateOptions<never>, 'version' | 'migrate'> | undefined

/** What `aggregate` is given. */
export function aggregateFunctions(aggregate: Record<string, unknown>, options: Versioned): WindowFunctions {
  const { init, add, merge, emit } = withMethods(aggregate, 'init', 'add') as Record<string, Callback>
  for (const [name, f] of Object.entries({ merge, emit })) {
    if (f !== undefined && typeof f !== 'function') {
      throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${name} of an aggregate is a function, not ${typeof f}.`)
    }
  }
  // Functions as they are: V8 inlines a function, and not one that looks for another.
  return { init: init as Callback, add: add as Callback, merge, emit, ...versionOf('aggregate', options) }
}

/** What `reduce` is given: the first value is the accumulator, and `f` also merges. */
export function reduceFunctions(f: Callback, options: Versioned): WindowFunctions {
  const combine = callable(f)
  return {
    init: () => undefined,
    add: (accumulator, value, key) => (accumulator === undefined ? value : combine(accumulator, value, key)),
    merge: (earlier, later) => combine(earlier, later),
    emit: undefined,
    ...versionOf('reduce', options),
  }
}

/** What `process` is given: the values are kept as they are. */
export function processFunctions(f: Callback, options: Versioned): WindowFunctions {
  const emit = callable(f)
  return {
    init: () => [],
    add(values, value) {
      ;(values as unknown[]).push(value)
      return values
    },
    merge: (earlier, later) => [...(earlier as unknown[]), ...(later as unknown[])],
    emit: (values, window, key) => emit(values, window, key),
    ...versionOf('process', options),
  }
}

function versionOf(operator: string, options: Versioned): Pick<WindowFunctions, 'version' | 'migrate'> {
  const { version, migrate } = checkStateOptions(operator, options, ['onError'])
  return { version, migrate }
}
