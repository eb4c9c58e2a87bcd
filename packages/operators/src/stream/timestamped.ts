import type { EpochGenerator } from '../time/epoch-generator.ts'
import type { PeriodicEpochs } from '../time/periodic-epochs.ts'

/** A function that proposes epochs, or one wrapped in `periodic`. */
export type EpochSource<V, T> = EpochGenerator<V, T> | PeriodicEpochs<V, T>

/** A stream with new timestamps but no epochs: it can do nothing else until it has them. */
export interface Timestamped<S, V, T> {
  /** Generates epochs and separates late records. */
  generateEpochs(name: string, generator: EpochSource<V, T>): OnTimeAndLate<S>
}

export interface OnTimeAndLate<S> {
  /** The records that keep the promise of the epochs, and the epochs. */
  readonly onTime: S
  /**
   * The records that came at or behind the frontier. Of epochs it has only the last one, which ends
   * it. It may be left unread: late records are then dropped, and counted in `Execution.status()`.
   */
  readonly late: S
}
