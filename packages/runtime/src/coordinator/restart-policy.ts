import type { Snapshot } from '../snapshot/snapshot.ts'

/** Restarts within this time count towards the limit. */
const WINDOW_MS = 10_000
const RESTARTS_MAX = 10
const FIRST_DELAY_MS = 10
const DELAY_MS_MAX = 1_000

/** A start that fails only after so long was no vain one: not everything that fails now and then is broken. */
const LASTING_MS = 600_000

/**
 * When a job that failed goes back to its last snapshot: after a pause that doubles each time, and not more than 10 times in 10 seconds, so
 * that a failure that always comes back ends the job. A failure that takes its time, such as a sink that does not answer, never comes so
 * often: so not more than 10 times in a row either without progress. (Flink's failure rate, and Akka's back-off that is reset by success.)
 */
export class RestartPolicy {
  #times: number[] = []
  /** Restarts without progress between them. */
  #inVain = 0
  #lastMs = Number.NEGATIVE_INFINITY
  /** Records read before any snapshot so far. */
  #recordsMost = -1

  /** A snapshot counts. It is progress if more was read before it than before any other one. */
  committed({ sources }: Pick<Snapshot, 'sources'>): void {
    const records = sources.reduce((sum, { partitions }) => partitions.reduce((all, { recordsIn }) => all + recordsIn, sum), 0)
    if (records <= this.#recordsMost) return
    this.#recordsMost = records
    this.#inVain = 0
  }

  /** Whether there have not been too many. */
  allows(nowMs: number): boolean {
    return this.#times.filter((time) => time > nowMs - WINDOW_MS).length < RESTARTS_MAX && this.#inVainAt(nowMs) < RESTARTS_MAX
  }

  /** The pause before the next start, in milliseconds; `undefined` if there were too many. */
  next(nowMs: number): number | undefined {
    if (!this.allows(nowMs)) return undefined
    this.#inVain = this.#inVainAt(nowMs) + 1
    this.#lastMs = nowMs
    this.#times = [...this.#times.filter((time) => time > nowMs - WINDOW_MS), nowMs]
    return Math.min(FIRST_DELAY_MS * 2 ** (Math.max(this.#times.length, this.#inVain) - 1), DELAY_MS_MAX)
  }

  #inVainAt(nowMs: number): number {
    return nowMs - this.#lastMs >= LASTING_MS ? 0 : this.#inVain
  }
}
