import { MalstromError, numberTime, type StateOptions, type TimestampAlgebra } from '@malstrom/core'
import type { ErrorPolicy, OnError } from '../error-policy/on-error.ts'
import { onErrorOf } from '../error-policy/record-policy.ts'
import { callable, withMethods } from '../stream/arguments.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import { type TopOptions, topOf } from '../table/top-rows.ts'
import { windowAverage, windowCount, windowDistinct, windowExtreme, windowSum, windowTopN } from '../table/window-aggregates.ts'
import { assignedWindows } from './assigned-window-operator.ts'
import type { Size } from './duration.ts'
import { latenessOf } from './lateness.ts'
import { isProcessingWindows, type ProcessingWindows } from './processing-time.ts'
import { processingWindows } from './processing-windows.ts'
import { slicedWindows } from './sliced-window-operator.ts'
import { checkTrigger, type Trigger } from './trigger.ts'
import type { WindowAssigner, Windows } from './window.ts'
import { aggregateFunctions, processFunctions, reduceFunctions, type WindowFunctions } from './window-functions.ts'

/** Adds an operator behind the keyed stream, and behind a stream of late records; returns its outputs. */
export type AddOperator<S> = (method: Callback, name: string, define: () => OperatorDefinition, late: unknown) => S[]

/** Options of how accumulators are saved. */
const SAVED = ['version', 'migrate']
type SavedOptions = ErrorPolicy & Pick<StateOptions<never>, 'version' | 'migrate'>

interface Firing {
  readonly lateness?: { readonly size: Size; readonly late: unknown }
  readonly trigger?: Trigger<unknown, unknown>
  readonly discarding?: boolean
}

/** The class behind `WindowedStream`: type-erased, its methods add one operator to the graph. */
export class WindowedBuilder<S> {
  readonly #windows: Windows<unknown> | ProcessingWindows
  readonly #time: TimestampAlgebra<unknown>
  readonly #add: AddOperator<S>
  readonly #firing: Firing

  constructor(windows: Windows<unknown> | ProcessingWindows, time: TimestampAlgebra<unknown>, add: AddOperator<S>, firing: Firing = {}) {
    this.#windows = windows
    this.#time = time
    this.#add = add
    this.#firing = firing
  }

  aggregate(name: string, aggregate: Record<string, unknown>, options?: SavedOptions) {
    return this.#apply(this.aggregate, name, 'windowAggregate', options, () => aggregateFunctions(aggregate, options), SAVED)
  }

  reduce(name: string, f: Callback, options?: SavedOptions) {
    return this.#apply(this.reduce, name, 'windowReduce', options, () => reduceFunctions(f, options), SAVED)
  }

  process(name: string, f: Callback, options?: SavedOptions) {
    return this.#apply(this.process, name, 'windowProcess', options, () => processFunctions(f, options), SAVED)
  }

  count(name: string) {
    return this.#apply(this.count, name, 'windowCount', undefined, () => windowCount)
  }

  sum(name: string, of: Callback, options?: ErrorPolicy) {
    return this.#apply(this.sum, name, 'windowSum', options, () => windowSum(callable(of)))
  }

  average(name: string, of: Callback, options?: ErrorPolicy) {
    return this.#apply(this.average, name, 'windowAverage', options, () => windowAverage(callable(of)))
  }

  min(name: string, of: Callback, options?: ErrorPolicy) {
    return this.#apply(this.min, name, 'windowMin', options, () => windowExtreme('min', callable(of)))
  }

  max(name: string, of: Callback, options?: ErrorPolicy) {
    return this.#apply(this.max, name, 'windowMax', options, () => windowExtreme('max', callable(of)))
  }

  distinct(name: string, by: Callback, options?: ErrorPolicy) {
    return this.#apply(this.distinct, name, 'windowDistinct', options, () => windowDistinct(callable(by)))
  }

  topN(name: string, n: number, by: Callback, options?: TopOptions & ErrorPolicy) {
    return this.#apply(this.topN, name, 'windowTopN', options, () => windowTopN(callable(by), topOf(n, options)), ['ties'])
  }

  allowedLateness(size: Size, late: unknown) {
    // No stream at all is not the same as no lateness.
    if (late === undefined) return this.#with({ lateness: { size, late: null } })
    return this.#with({ lateness: { size, late } })
  }

  trigger(trigger: Trigger<unknown, unknown>) {
    // No trigger at all is not the same as none wanted.
    if (trigger === undefined) return this.#with({ trigger: {} })
    return this.#with({ trigger })
  }

  discarding() {
    return this.#with({ discarding: true })
  }

  #with(firing: Firing): WindowedBuilder<S> {
    return new WindowedBuilder(this.#windows, this.#time, this.#add, { ...this.#firing, ...firing })
  }

  #apply(
    method: Callback,
    name: string,
    kind: string,
    options: ErrorPolicy | undefined,
    functions: () => WindowFunctions,
    others: readonly string[] = [],
  ) {
    const { lateness } = this.#firing
    const define = () => {
      const onError = onErrorOf(method.name, options, others)
      const made = functions()
      return { ...windowOperator(kind, this.#windows, this.#time, made, this.#firing, onError), needsEach: made.needsEach }
    }
    const [results, ...more] = this.#add(method, name, define, lateness?.late)
    if (lateness === undefined) return more.length === 0 ? results : { results, deadLetters: more[0] }
    const [late, deadLetters] = more
    return deadLetters === undefined ? { results, late } : { results, late, deadLetters }
  }
}

function windowOperator(
  kind: string,
  windows: Windows<unknown> | ProcessingWindows,
  time: TimestampAlgebra<unknown>,
  functions: WindowFunctions,
  firing: Firing,
  onError: OnError,
): OperatorDefinition {
  if (isProcessingWindows(windows)) return processingOperator(kind, windows, time, functions, firing, onError)
  const { lateness, trigger, discarding = false } = firing
  const assigner = assignerOf(windows, time, functions)
  const firesOnce = lateness === undefined && trigger === undefined
  const form = firesOnce ? formOf(assigner, functions) : 'Each'
  const named = assigner.description === undefined ? `${kind}${form}` : `${kind}${form} of ${assigner.description}`
  if (form !== 'Each') return slicedWindows(named, assigner, functions, onError)
  const options = { lateness: lateness && latenessOf(lateness.size, time), trigger: trigger && checkTrigger(trigger), discarding }
  return assignedWindows(named, assigner, functions, options, onError)
}

function processingOperator(
  kind: string,
  { byProcessingTime }: ProcessingWindows,
  time: TimestampAlgebra<unknown>,
  functions: WindowFunctions,
  { lateness, trigger, discarding = false }: Firing,
  onError: OnError,
): OperatorDefinition {
  if (lateness !== undefined) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', 'nothing is late for windows of processing time: they take no allowedLateness.')
  }
  const assigner = assignerOf(byProcessingTime as Windows<unknown>, numberTime as TimestampAlgebra<unknown>, functions)
  const form = trigger === undefined ? formOf(assigner, functions) : 'Each'
  const named = `${kind}${form} of processing time${assigner.description === undefined ? '' : ` ${assigner.description}`}`
  const options = { sliced: form !== 'Each', trigger: trigger && checkTrigger(trigger), discarding }
  return processingWindows(named, assigner, functions, time, options, onError)
}

function assignerOf(windows: Windows<unknown>, time: TimestampAlgebra<unknown>, { merge }: WindowFunctions): WindowAssigner<unknown> {
  const assigner: WindowAssigner<unknown> = withMethods(windows, 'assigner').assigner(time)
  if (!assigner.merging || merge !== undefined) return assigner
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    'these windows can become one when they meet, as sessions do, so the aggregate needs merge(earlier, later).',
  )
}

/**
 * How windows that fire once are kept. States look different for each form, and mean other windows where these have
 * changed, so both are part of the operator's kind: saved states of another kind are refused.
 */
function formOf({ slices }: WindowAssigner<unknown>, { merge }: WindowFunctions): '' | 'OfSlices' | 'Each' {
  if (slices?.perWindow === 1) return ''
  return slices !== undefined && merge !== undefined ? 'OfSlices' : 'Each'
}
