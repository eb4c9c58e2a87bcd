import { assert, type TimestampAlgebra } from '@malstrom/core'
import type { InputSnapshot } from '../snapshot/snapshot.ts'
import type { Frame, Inlet, Item } from './frame.ts'
import { mergeAll } from './merge-all.ts'

/** What one input tells when somebody asks why nothing comes. */
export interface InputReport {
  /** The worker it comes from, or the number of the edge. */
  readonly id: number
  readonly frontier: unknown
  readonly idle: boolean
  /** Whether it has delivered the barrier that others still owe. */
  readonly aligned: boolean
  /** Whether the merged frontier cannot go beyond that of this input. */
  readonly holds: boolean
}

/** One of the ways that lead into a task: an edge, or the link to another worker. */
interface Input {
  /** The worker it comes from, or the number of the edge. */
  readonly id: number
  readonly inlet: Inlet
  /** Taken from it, but not passed on yet, because the task took marks only. */
  waiting: Frame | undefined
  frontier: unknown
  /** Nothing comes from it for so long that it is excluded from the merge. */
  idle: boolean
  /** It has delivered the barrier that others still owe. */
  aligned: boolean
  /** It has delivered the announcement that others still owe. */
  announced: boolean
  /** It comes from a worker that takes part from the next marker on: only that is awaited from it. */
  joining: boolean
  /** Its records may be behind the frontier: only its end is waited for. */
  readonly late: boolean
}

/**
 * The inputs of a task that merges streams. Records come in the order of their input; the inputs take
 * turns. An input that has delivered a snapshot barrier is not read until all have: then the barrier is
 * passed on, so that it overtakes no record. The frontier is the merge of the inputs' frontiers: nothing is passed on until every input
 * has had an epoch, and then only what advances it. An input that is idle is excluded from the merge; when all are, the
 * frontier is the largest of theirs, and what reads from here hears that this is idle too. An input of late records
 * holds the frontier back at the end only, so that they come before it.
 */
export class FanIn {
  readonly #time: TimestampAlgebra<unknown>
  #inputs: Input[]
  #merged: unknown
  #turn = 0
  #aligned = 0
  #announced = 0
  #held = false
  #idle = false
  #toldIdle = false

  /** `joining`: its worker takes part only from the next marker on. `late`: the inputs of late records. */
  constructor(
    inlets: readonly Inlet[] | ReadonlyMap<number, Inlet>,
    time: TimestampAlgebra<unknown>,
    restored: InputSnapshot | undefined,
    joining = false,
    late: ReadonlySet<number> = new Set(),
  ) {
    this.#time = time
    this.#inputs = [...inlets.entries()].map(([id, inlet], index) => ({
      ...inputOf(id, inlet, restored?.frontiers[index]),
      joining,
      late: late.has(id),
    }))
    this.#merged = restored?.merged
  }

  /** The largest epoch that was passed on. */
  get merged(): unknown {
    return this.#merged
  }

  /** Whether every input has come to its end, as far as its epochs tell. */
  get atEnd(): boolean {
    let counted = 0
    for (let i = 0; i < this.#inputs.length; i++) {
      const { frontier, joining } = this.#inputs[i] as Input
      if (joining) continue
      if (frontier === undefined || this.#time.compare(frontier, this.#time.max) < 0) return false
      counted++
    }
    return counted > 0
  }

  /** Whether nothing is to be expected from any input that has not ended. */
  get idle(): boolean {
    return this.#idle
  }

  /**
   * The next frame, the next epoch by which the merged frontier advances, or a mark; `undefined` if nothing waits.
   * With `marksOnly` frames stay where they are, and what is behind them.
   */
  take(marksOnly = false): Item | undefined {
    if (this.#toldIdle !== this.#idle && !this.#held) {
      this.#toldIdle = this.#idle
      return { idle: this.#idle }
    }
    for (let tried = 0; tried < this.#inputs.length; ) {
      const input = this.#inputs[this.#turn] as Input
      const item = input.aligned ? undefined : nextOf(input, marksOnly)
      if (item === undefined) {
        this.#turn = this.#turn + 1 < this.#inputs.length ? this.#turn + 1 : 0
        tried++
        continue
      }
      if ('count' in item) {
        this.#turn = (this.#turn + 1) % this.#inputs.length
        return item
      }
      tried = 0
      if ('barrier' in item) {
        input.aligned = true
        if (++this.#aligned < this.#inputs.length) continue
        this.#aligned = 0
        for (const each of this.#inputs) each.aligned = false
        return item
      }
      if ('announce' in item) {
        assert(!input.announced, 'each input announces once')
        input.announced = true
        if (++this.#announced < this.#inputs.length) continue
        this.#announced = 0
        for (const each of this.#inputs) each.announced = false
        return item
      }
      if ('idle' in item) input.idle = item.idle
      else input.frontier = item.epoch
      const merged = this.#advance()
      if (merged !== undefined) return { epoch: merged }
      if (this.#toldIdle !== this.#idle && !this.#held) return this.take(marksOnly)
    }
    return undefined
  }

  /** Adds a worker whose first word is the next marker. */
  join(worker: number, inlet: Inlet): void {
    this.#inputs.push({ ...inputOf(worker, inlet, undefined), joining: true })
  }

  /** The marker has come from all: from now on these workers count, and each tells its frontier anew. */
  reroute(workers: readonly number[]): void {
    this.#inputs = this.#inputs.filter(({ id }) => workers.includes(id))
    assert(this.#inputs.length === workers.length, 'every worker after a rescale has an input')
    for (const input of this.#inputs) {
      input.joining = false
      forgotten(input)
    }
    this.#turn = 0
  }

  /** Those that feed it will tell their frontiers anew; `lower` if they may be less than before. */
  forget(lower: boolean): void {
    for (const input of this.#inputs) forgotten(input)
    if (lower) this.#merged = undefined
  }

  /** From now on epochs are only remembered. */
  hold(): void {
    this.#held = true
  }

  /** Ends `hold`; returns the merged epoch, if it has advanced meanwhile. Who asks looks at `idle` too. */
  release(): unknown {
    this.#held = false
    const merged = this.#advance()
    this.#toldIdle = this.#idle
    return merged
  }

  /** Takes over the merged frontier of those that were there before. */
  adopt(merged: readonly unknown[]): void {
    this.#merged = mergeAll(this.#time, merged)
  }

  explain(): InputReport[] {
    const time = this.#time
    const active = this.#inputs.filter(
      ({ joining, idle, frontier }) => !joining && !idle && (frontier === undefined || time.compare(frontier, time.max) < 0),
    )
    const missing = active.some(({ frontier }) => frontier === undefined)
    const least = missing ? undefined : active.reduce((merged, { frontier }) => time.merge(merged, frontier), time.max)
    return this.#inputs.map((input) => {
      const { id, frontier, idle, aligned } = input
      const holds = active.includes(input) && (missing ? frontier === undefined : time.compare(frontier, least) <= 0)
      return { id, frontier, idle, aligned, holds }
    })
  }

  snapshot(node: string): InputSnapshot {
    return { node, frontiers: this.#inputs.map(({ frontier }) => frontier), merged: this.#merged }
  }

  #advance(): unknown {
    if (this.#held) return undefined
    const merged = this.#merge()
    if (merged === undefined) return undefined
    if (this.#merged !== undefined && this.#time.compare(merged, this.#merged) <= 0) return undefined
    this.#merged = merged
    return merged
  }

  /** The merge of the inputs as they are; `undefined` if one that is not idle has had no epoch. */
  #merge(): unknown {
    const time = this.#time
    let merged: unknown = time.max
    let largest: unknown
    let active = 0
    let idle = 0
    let missing = false
    let lateOnes = false
    for (const input of this.#inputs) {
      const { frontier } = input
      if (input.joining || (frontier !== undefined && time.compare(frontier, time.max) >= 0)) continue
      if (input.late) {
        lateOnes = true
        continue
      }
      if (input.idle) {
        idle++
        if (frontier !== undefined && (largest === undefined || time.compare(frontier, largest) > 0)) largest = frontier
        continue
      }
      active++
      if (frontier === undefined) missing = true
      else merged = time.merge(merged, frontier)
    }
    this.#idle = active === 0 && idle > 0
    if (missing || (lateOnes && active === 0 && idle === 0)) return undefined
    return this.#idle ? largest : merged
  }
}

function nextOf(input: Input, marksOnly: boolean): Item | undefined {
  const { waiting } = input
  if (marksOnly) {
    if (waiting !== undefined) return undefined
    const item = input.inlet.take()
    if (item === undefined || !('count' in item)) return item
    input.waiting = item
    return undefined
  }
  if (waiting === undefined) return input.inlet.take()
  input.waiting = undefined
  return waiting
}

function forgotten(input: Input): void {
  input.frontier = undefined
  input.idle = false
}

function inputOf(id: number, inlet: Inlet, frontier: unknown): Input {
  return { id, inlet, waiting: undefined, frontier, idle: false, aligned: false, announced: false, joining: false, late: false }
}
