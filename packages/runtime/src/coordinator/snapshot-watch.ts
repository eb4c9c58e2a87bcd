import type { SnapshotExplanation, SnapshotVersion, WorkerId } from '@malstrom/core'
import type { Environment } from '../worker/environment.ts'
import type { WorkerReport } from '../worker/worker-report.ts'

interface UnderWay {
  readonly version: SnapshotVersion
  readonly sinceMs: number
  /** Workers that have not contributed. */
  readonly owed: Set<WorkerId>
  durable: boolean
}

/** Knows how old the last snapshot is, and what the one under way waits for. */
export class SnapshotWatch {
  readonly #environment: Environment
  #last: { readonly version: SnapshotVersion; readonly takenAtMs: number } | undefined
  #underWay: UnderWay | undefined

  /** `restored`: the snapshot that the job goes on from. */
  constructor(environment: Environment, restored: { readonly version: SnapshotVersion; readonly takenAtMs: number } | undefined) {
    this.#environment = environment
    this.#last = restored
  }

  begin(version: SnapshotVersion, workers: readonly WorkerId[]): void {
    this.#underWay = { version, sinceMs: this.#environment.nowMs(), owed: new Set(workers), durable: false }
  }

  contributed(worker: WorkerId): void {
    this.#underWay?.owed.delete(worker)
  }

  /** It counts; what is left is to make visible what the sinks have staged. */
  durable(version: SnapshotVersion): void {
    this.#last = { version, takenAtMs: this.#environment.dateMs() }
    if (this.#underWay !== undefined) this.#underWay.durable = true
  }

  done(): void {
    this.#underWay = undefined
  }

  explain(reports: readonly WorkerReport[]): SnapshotExplanation {
    const { nowMs, dateMs } = { nowMs: this.#environment.nowMs(), dateMs: this.#environment.dateMs() }
    const { version, takenAtMs = 0 } = this.#last ?? { version: undefined }
    return {
      version,
      ageMs: version === undefined ? undefined : Math.max(0, dateMs - takenAtMs),
      underWay: this.#underWay && {
        version: this.#underWay.version,
        forMs: nowMs - this.#underWay.sinceMs,
        waitsFor: waitsOf(this.#underWay, reports),
      },
    }
  }
}

function waitsOf({ owed, durable }: UnderWay, reports: readonly WorkerReport[]): string[] {
  if (durable) return ['the sinks to make visible what they have staged']
  if (owed.size === 0) return ['the store to name it']
  return [...owed].flatMap((worker) => {
    const waits = reports.find((report) => report.worker === worker)?.snapshotWaits ?? []
    return waits.length === 0 ? [`worker ${worker} to answer`] : waits.map((wait) => `${wait} (worker ${worker})`)
  })
}
