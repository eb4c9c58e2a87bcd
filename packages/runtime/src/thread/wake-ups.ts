/** Frames that come faster than this one after the other do not each wake a peer that sleeps. */
const QUICK_MS = 0.05

/** The same for large frames: records have waited in them for some time already. */
const QUICK_LARGE_MS = 0.25
const LARGE_BYTES = 8_192

/** Of quick frames, so many wait for their peer to wake, at most, and so long. */
export const FRAMES_TOGETHER = 8
const TOGETHER_MS = 0.4

/**
 * When a peer that sleeps is woken. A wake-up costs the sender as much as hundreds of records, and a peer that takes less time
 * for a frame than the sender falls asleep after each. So a frame by itself wakes the peer at once, and of frames that follow one
 * another closely the eighth does, or the first after some time, or the end of what the event loop runs now (a turn of a worker:
 * 4 ms at most).
 */
export class WakeUps {
  readonly #wake: () => void
  readonly #now: () => number
  #lastMs = Number.NEGATIVE_INFINITY
  /** The peer sleeps, and nobody but this will wake it. */
  #owed = false
  #owedSinceMs = 0
  #frames = 0
  #scheduled = false

  /** `now` is in milliseconds. */
  constructor(wake: () => void, now: () => number) {
    this.#wake = wake
    this.#now = now
  }

  /** A frame has been written; `asleep` if the peer slept, and is now owed a wake-up. */
  sent(byteLength: number, asleep: boolean): void {
    const now = this.#now()
    const quick = now - this.#lastMs < (byteLength < LARGE_BYTES ? QUICK_MS : QUICK_LARGE_MS)
    this.#lastMs = now
    if (asleep) {
      this.#owed = true
      this.#owedSinceMs = now
    }
    if (!this.#owed) return
    if (!quick || ++this.#frames === FRAMES_TOGETHER || now - this.#owedSinceMs >= TOGETHER_MS) this.#pay()
    else if (!this.#scheduled) {
      this.#scheduled = true
      queueMicrotask(() => {
        this.#scheduled = false
        if (this.#owed) this.#pay()
      })
    }
  }

  #pay(): void {
    this.#owed = false
    this.#frames = 0
    this.#wake()
  }
}
