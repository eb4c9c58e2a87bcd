/** Restarts within this time count towards the limit. */
const WINDOW_MS = 10_000
const RESTARTS_MAX = 10
const FIRST_DELAY_MS = 10
const DELAY_MS_MAX = 1_000

/**
 * When a job that failed goes back to its last snapshot: after a pause that doubles each time, and not
 * more than 10 times in 10 seconds, so that a failure that always comes back ends the job.
 */
export class RestartPolicy {
  #times: number[] = []

  /** The pause before the next start, in milliseconds; `undefined` if there were too many. */
  next(nowMs: number): number | undefined {
    this.#times = this.#times.filter((time) => time > nowMs - WINDOW_MS)
    if (this.#times.length >= RESTARTS_MAX) return undefined
    this.#times.push(nowMs)
    return Math.min(FIRST_DELAY_MS * 2 ** (this.#times.length - 1), DELAY_MS_MAX)
  }
}
