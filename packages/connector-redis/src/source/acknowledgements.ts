import { persist } from '../client/persist.ts'
import type { RedisCommand, RedisPort } from '../client/redis-port.ts'
import type { EntryId } from './entry-id.ts'

/** Ids in one XACK. */
const ACK_IDS_MAX = 1_000
/** How long closing waits for acknowledgements that are on their way. */
const CLOSE_WAIT_MS = 2_000

/** Acknowledges entries in the background, in order, after the snapshot that contains them is durable. */
export class Acknowledgements {
  /** What made it give up; what is not acknowledged then comes again after a restart, and is known to be contained. */
  failure: unknown
  readonly #port: RedisPort
  readonly #stream: string
  readonly #group: string
  readonly #acknowledged: (ids: readonly EntryId[]) => void
  /** Entries that have passed and are not in a durable snapshot: what a job reads between two snapshots. */
  #passed: EntryId[] = []
  /** How many of them are in the last snapshot. */
  #contained = 0
  #work: Promise<void> = Promise.resolve()

  constructor(port: RedisPort, stream: string, group: string, acknowledged: (ids: readonly EntryId[]) => void) {
    this.#port = port
    this.#stream = stream
    this.#group = group
    this.#acknowledged = acknowledged
  }

  passed(ids: readonly EntryId[], from: number, to: number): void {
    for (let i = from; i < to; i++) this.#passed.push(ids[i] as EntryId)
  }

  /** A snapshot contains all that has passed. */
  snapshot(): void {
    this.#contained = this.#passed.length
  }

  /** The last snapshot is durable. */
  committed(): void {
    if (this.#contained === 0) return
    const ids = this.#passed.slice(0, this.#contained)
    this.#passed = this.#passed.slice(this.#contained)
    this.#contained = 0
    this.#work = this.#work.then(() => this.#acknowledge(ids)).catch((thrown) => this.#failed(thrown))
  }

  /** Waits a little for what is on its way. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WAIT_MS)
    })
    await Promise.race([this.#work, tooLate])
    clearTimeout(timer)
  }

  async #acknowledge(ids: readonly EntryId[]): Promise<void> {
    for (let at = 0; at < ids.length; at += ACK_IDS_MAX) {
      const page = ids.slice(at, at + ACK_IDS_MAX)
      const command: RedisCommand = ['xack', this.#stream, this.#group, ...page]
      await persist(this.#port, () => this.#port.call(command))
      this.#acknowledged(page)
    }
  }

  #failed(thrown: unknown): void {
    this.failure ??= thrown
  }
}
