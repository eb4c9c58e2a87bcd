import type { SnapshotVersion } from '@malstrom/core'
import type { Inlet, Item } from '../exchange/frame.ts'

/**
 * The ways into one task, as far as barriers are concerned. A barrier of a snapshot that was abandoned means nothing: it is
 * dropped wherever it comes, and an input that has delivered it waits no longer for those that have not.
 */
export class BarrierFilter {
  readonly #inlets: FilteredInlet[] = []
  #abandoned: SnapshotVersion = 0

  /** The same inlet, without the barriers of abandoned snapshots. */
  of(inlet: Inlet): Inlet {
    const filtered = new FilteredInlet(inlet, this.#abandoned)
    this.#inlets.push(filtered)
    return filtered
  }

  isAbandoned(version: SnapshotVersion): boolean {
    return version <= this.#abandoned
  }

  /** Snapshot `version`, the last one that was begun, is abandoned. No later one has begun anywhere. */
  abandon(version: SnapshotVersion): void {
    this.#abandoned = version
    const isAligning = this.#inlets.some((inlet) => inlet.delivered === version)
    for (const inlet of this.#inlets) inlet.abandon(version, isAligning)
  }
}

class FilteredInlet implements Inlet {
  /** The last barrier that was taken from here. */
  delivered: SnapshotVersion = 0
  readonly #inlet: Inlet
  #abandoned: SnapshotVersion
  /** Stands in for a barrier that others have delivered, so that they are read again. */
  #substitute: Item | undefined

  constructor(inlet: Inlet, abandoned: SnapshotVersion) {
    this.#inlet = inlet
    this.#abandoned = abandoned
  }

  take(): Item | undefined {
    if (this.#substitute !== undefined) {
      const substitute = this.#substitute
      this.#substitute = undefined
      return substitute
    }
    for (;;) {
      const item = this.#inlet.take()
      if (item === undefined || !('barrier' in item)) return item
      if (item.barrier.version <= this.#abandoned) continue
      this.delivered = item.barrier.version
      return item
    }
  }

  abandon(version: SnapshotVersion, isAligning: boolean): void {
    this.#abandoned = version
    if (isAligning && this.delivered !== version) this.#substitute = { barrier: { version, last: false } }
    this.delivered = version
  }
}
