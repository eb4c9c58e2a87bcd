import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'

/** Something that is run over and over on the same records. */
export interface Contestant {
  readonly name: string
  readonly records: number
  /** The only right result of `run`. */
  readonly checksum: number
  run(): number | Promise<number>
}

/** Something that is run over and over elsewhere. */
export interface RemoteContestant {
  readonly name: string
  readonly records: number
  runOnce(): Promise<Run>
}

/** A run is measured again while it got less of a CPU than this; of those without a full collection, the run that got most is counted. */
const CPU_SHARE_MIN = 0.95
const ATTEMPTS_MAX = 3

/**
 * Runs all contestants in turn, round after round, so that the noise of the machine hits all alike.
 * Returns the nanoseconds per record of every counted round.
 */
export async function runRounds(
  contestants: readonly (Contestant | RemoteContestant)[],
  { warmup, counted }: { warmup: number; counted: number },
): Promise<ReadonlyMap<string, readonly number[]>> {
  const samples = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  for (let round = -warmup; round < counted; round++) {
    for (const contestant of contestants) {
      const elapsedMs = await measure(contestant, round < 0 ? 1 : ATTEMPTS_MAX)
      if (round >= 0) samples.get(contestant.name)?.push((elapsedMs * 1e6) / contestant.records)
    }
  }
  return samples
}

/**
 * The wall time of one run. Other processes, and other machines on the same hardware, take the CPU
 * away for tens of milliseconds. A collection of the whole heap begins when what all contestants
 * have left behind is too much, in the run of whoever is next; one that makes enough for one itself
 * has it in every attempt. Which run is counted depends on these two, never on how fast it was.
 */
async function measure(contestant: Contestant | RemoteContestant, attemptsMax: number): Promise<number> {
  const once = () => ('runOnce' in contestant ? contestant.runOnce() : runOnce(contestant))
  let best = await once()
  for (let attempt = 1; attempt < attemptsMax && (best.collected || best.cpuShare < CPU_SHARE_MIN); attempt++) {
    const again = await once()
    if (best.collected === again.collected ? again.cpuShare > best.cpuShare : best.collected) best = again
  }
  return best.elapsedMs
}

/** What was seen of one run. */
export interface Run {
  readonly elapsedMs: number
  readonly cpuShare: number
  /** Whether the whole heap, which others have used too, was collected meanwhile, or a part of that work was done. */
  readonly collected: boolean
}

/** @throws Error if the checksum is wrong */
export async function runOnce(contestant: Contestant): Promise<Run> {
  collectYoungGarbage()
  const collections = new FullCollections()
  const cpuStart = process.cpuUsage()
  const start = performance.now()
  const checksum = await contestant.run()
  const elapsedMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpuStart)
  const collected = await collections.any()
  if (checksum !== contestant.checksum) {
    throw new Error(`${contestant.name} computed ${checksum}, right is ${contestant.checksum}. Nothing was measured.`)
  }
  return { elapsedMs, cpuShare: (user + system) / 1000 / elapsedMs, collected }
}

/** Notices collections of the whole heap. */
class FullCollections {
  #seen = false
  readonly #observer = new PerformanceObserver((list) => this.#look(list.getEntries()))

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** Whether there was one. */
  async any(): Promise<boolean> {
    // Node tells of a collection in a later turn of the event loop.
    await setImmediate()
    this.#look(this.#observer.takeRecords())
    this.#observer.disconnect()
    return this.#seen
  }

  #look(entries: readonly PerformanceEntry[]): void {
    const { NODE_PERFORMANCE_GC_MAJOR: full, NODE_PERFORMANCE_GC_INCREMENTAL: part } = constants
    for (const { detail } of entries as readonly NodeGCEntry[]) {
      if (detail.kind === full || detail.kind === part) this.#seen = true
    }
  }
}

interface NodeGCEntry extends PerformanceEntry {
  readonly detail: { readonly kind: number }
}

/**
 * Nobody pays for the garbage of the one before. A full collection would also throw away V8's
 * compilation cache, which no running process loses all the time.
 */
function collectYoungGarbage(): void {
  globalThis.gc?.({ type: 'minor' })
}
