import { assert, type OperatorContext } from '@malstrom/core'
import type { Environment } from './environment.ts'

/** Timers of hosts take 31 bits; who waits longer is asked again. */
const DELAY_MS_MAX = 2 ** 31 - 1

/** What an operator uses to be woken, and to hold its task. */
export class Alarm implements Pick<OperatorContext, 'now' | 'wakeAt' | 'wake' | 'hold' | 'release'> {
  /** Whether the operator's `wake` lines are to run. */
  due = false
  /** Whether the task takes no further records. */
  held = false
  readonly #environment: Environment
  readonly #wakeWorker: () => void
  #state: 'opened' | 'started' | 'stopped' = 'opened'
  /** The time that was asked for. */
  #at = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(environment: Environment, wakeWorker: () => void) {
    this.#environment = environment
    this.#wakeWorker = wakeWorker
  }

  now(): number {
    return this.#environment.dateMs()
  }

  wakeAt(time: number): void {
    assert(!Number.isNaN(time), 'an operator is woken at a time')
    if (this.#state === 'stopped' || time >= this.#at) return
    this.#at = time
    if (this.#state === 'started') this.#arm()
  }

  wake(): void {
    if (this.due || this.#state === 'stopped') return
    this.due = true
    this.#wakeWorker()
  }

  hold(): void {
    this.held = true
  }

  release(): void {
    if (!this.held) return
    this.held = false
    if (this.#state === 'started') this.#wakeWorker()
  }

  start(): void {
    this.#state = 'started'
    if (this.#at < Number.POSITIVE_INFINITY) this.#arm()
  }

  /** Nothing rings from now on. */
  stop(): void {
    this.#state = 'stopped'
    this.#cancel?.()
  }

  #arm(): void {
    this.#cancel?.()
    const delay = this.#at - this.now()
    this.#cancel = this.#environment.after(Math.min(Math.max(0, delay), DELAY_MS_MAX), () => {
      this.#cancel = undefined
      // The clock of people and the one that timers go by may differ.
      if (this.now() < this.#at) {
        this.#arm()
        return
      }
      this.#at = Number.POSITIVE_INFINITY
      this.wake()
    })
  }
}
