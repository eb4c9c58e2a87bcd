import type { FusedOperator } from '@malstrom/core'
import type { Alarm } from './alarm.ts'

/** One operator of a task that can be woken. */
export interface WakingOperator {
  readonly alarm: Alarm
  readonly fused: Pick<FusedOperator, 'pending' | 'inFlight'>
  /** Runs its `wake` lines. */
  run(): void
}

/** The operators of a task that can be woken; most tasks have none. */
export class WakingOperators {
  readonly #operators: readonly WakingOperator[]

  constructor(operators: readonly WakingOperator[]) {
    this.#operators = operators
  }

  /** Whether one of them lets no further records in. */
  get held(): boolean {
    for (let i = 0; i < this.#operators.length; i++) if (this.#operators[i]?.alarm.held) return true
    return false
  }

  /** Whether results are to come without further records. */
  get pending(): boolean {
    return this.#operators.some(({ fused }) => fused.pending?.() === true)
  }

  /** Whether a rescale must wait. */
  get inFlight(): boolean {
    return this.#operators.some(({ fused }) => fused.inFlight?.() === true)
  }

  /** Wakes those that are due; returns false if none is. */
  runDue(): boolean {
    let worked = false
    for (let i = 0; i < this.#operators.length; i++) {
      const { alarm, run } = this.#operators[i] as WakingOperator
      if (!alarm.due) continue
      alarm.due = false
      run()
      worked = true
    }
    return worked
  }

  start(): void {
    for (const { alarm } of this.#operators) alarm.start()
  }

  stop(): void {
    for (const { alarm } of this.#operators) alarm.stop()
  }
}
