/** What a run wants to hear of the reading of its source, or to say in it. */
export interface ReadingHooks {
  /** A partition is about to be read for the first time. */
  begun?(): void
  /** The partitions go on together: `alignmentMemory`. Without it each is read as fast as it can. */
  readonly alignment?: SharedArrayBuffer | undefined
  readonly control?: ReadingControl | undefined
}

/** What a run with trouble in it does to the partitions of the source: it lets them read up to a point, and ends threads. */
export interface ReadingControl {
  /** How many records `partition`, which stands at event `at`, may emit now. May end this thread. */
  allowed(partition: number, at: number, limit: number): number
  /** `partition` has emitted all its events. */
  ended(partition: number): void
}
