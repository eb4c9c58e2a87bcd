import type { Placed } from '../keyed/placed.ts'

/** Room for slices in a new ring; doubled whenever it is full. */
const ROOM_MIN = 4

type Merge = (earlier: unknown, later: unknown) => unknown

/**
 * The state of one key: what it has in each slice of time, and which window is next. The newest slice, to which most records come,
 * is part of the object; most keys of tumbling windows have no other.
 */
export class KeySlices implements Placed {
  key: unknown
  cell: Placed['cell'] = undefined
  /** The first slice of the next window that fires. */
  due = 0
  /** The newest slice, and what the key has in it. */
  slice: number
  accumulator: unknown
  /** The slices before the newest. */
  ring: SliceRing | undefined = undefined

  constructor(key: unknown, slice: number, accumulator: unknown) {
    this.key = key
    this.slice = slice
    this.accumulator = accumulator
  }

  /** The oldest slice. */
  get first(): number {
    return this.ring?.first ?? this.slice
  }

  /** A slice after the newest takes its place. */
  begin(slice: number, accumulator: unknown): void {
    this.ring ??= new SliceRing()
    this.ring.push(this.slice, this.accumulator)
    this.slice = slice
    this.accumulator = accumulator
  }

  /** Adds a slice before the newest that is not there, and returns its place in the ring. */
  insert(slice: number, accumulator: unknown): number {
    this.ring ??= new SliceRing()
    return this.ring.insert(slice, accumulator)
  }

  /** Everything in the slices from `start`, the due one, to before `end`. There is something. */
  merged(start: number, end: number, merge: Merge): unknown {
    const { ring } = this
    if (ring === undefined || !ring.enter(start, end, merge)) return this.accumulator
    const sum = ring.sum(merge)
    return this.slice < end || this.slice === start ? merge(sum, this.accumulator) : sum
  }

  /** Forgets the slices below `start` and the due one, `due`: all have been merged. Returns whether some are left. */
  evict(due: number, start: number, merge: Merge): boolean {
    if (this.slice < start || this.slice === due) return false
    this.ring?.evict(due, start, merge)
    return true
  }

  /** What is saved: the slices in the order of time, and what the key has in them. */
  pack(): PackedSlices {
    const slices: number[] = []
    const accumulators: unknown[] = []
    this.ring?.addTo(slices, accumulators)
    slices.push(this.slice)
    accumulators.push(this.accumulator)
    return { due: this.due, slices, accumulators }
  }
}

/**
 * What a key has in slices of time, in their order, as columns: 60 objects for each of a thousand keys would not fit the
 * processor's cache. Windows of several slices are merged with two stacks (Hammer Slide, Theodorakis et al., 2018; compare DABA,
 * Tangwongsan et al., 2017): of the slices in front, every suffix has been merged, those behind them are one sum, so a window costs
 * about three merges, however many slices it has.
 */
class SliceRing {
  /** What the key has in the slices: those at `placeOf(slice)`. */
  earlier = columnOf(ROOM_MIN)
  #slices = new Array<number>(ROOM_MIN)
  #suffixes: unknown[] | undefined
  #mask = ROOM_MIN - 1
  // Places in the ring, counted on and on: from #head to before #tail are slices, of which those before #frontEnd are in
  // front, and those from there to before #backEnd are in #back.
  #head = 0
  #tail = 0
  #frontEnd = 0
  #backEnd = 0
  #back: unknown

  /** The oldest slice. */
  get first(): number | undefined {
    return this.#head === this.#tail ? undefined : this.#slices[this.#head & this.#mask]
  }

  /** Where `earlier` has a slice, which is going to change; -1 if the key has nothing there. Records come mostly to the last ones. */
  placeOf(slice: number): number {
    const slices = this.#slices
    const mask = this.#mask
    for (let at = this.#tail - 1; at >= this.#head; at--) {
      const found = slices[at & mask] as number
      if (found === slice) {
        if (at < this.#backEnd) this.#reset()
        return at & mask
      }
      if (found < slice) return -1
    }
    return -1
  }

  /** Adds a slice after all others. */
  push(slice: number, accumulator: unknown): void {
    const at = this.#take()
    this.#slices[at] = slice
    this.earlier[at] = accumulator
  }

  /** Adds a slice that is not there, and returns its place. */
  insert(slice: number, accumulator: unknown): number {
    this.#take()
    const slices = this.#slices
    const earlier = this.earlier
    const mask = this.#mask
    let at = this.#tail - 1
    for (; at > this.#head && (slices[(at - 1) & mask] as number) > slice; at--) {
      slices[at & mask] = slices[(at - 1) & mask] as number
      earlier[at & mask] = earlier[(at - 1) & mask]
    }
    slices[at & mask] = slice
    earlier[at & mask] = accumulator
    if (at < this.#backEnd) this.#reset()
    return at & mask
  }

  /** Something changes behind the frontier: what has been merged is merged anew for the next window. */
  #reset(): void {
    this.#frontEnd = this.#head
    this.#backEnd = this.#head
    this.#back = undefined
  }

  /** Puts the slices to before `end`, and the due one, `start`, to those that are merged. Returns whether there are any. */
  enter(start: number, end: number, merge: Merge): boolean {
    const slices = this.#slices
    const earlier = this.earlier
    const mask = this.#mask
    const tail = this.#tail
    let at = this.#backEnd
    for (; at < tail; at++) {
      const slice = slices[at & mask] as number
      if (slice >= end && slice !== start) break
      this.#back = at === this.#frontEnd ? earlier[at & mask] : merge(this.#back, earlier[at & mask])
    }
    this.#backEnd = at
    return at > this.#head
  }

  /** All that have been entered and not evicted, merged. */
  sum(merge: Merge): unknown {
    if (this.#head === this.#frontEnd) return this.#back
    const suffix = (this.#suffixes as unknown[])[this.#head & this.#mask]
    return this.#backEnd === this.#frontEnd ? suffix : merge(suffix, this.#back)
  }

  /** Forgets the slices below `start` and the one that was due, of those that have been entered. */
  evict(due: number, start: number, merge: Merge): void {
    const slices = this.#slices
    const earlier = this.earlier
    const mask = this.#mask
    const backEnd = this.#backEnd
    let head = this.#head
    for (; head < backEnd; head++) {
      const slice = slices[head & mask] as number
      if (slice >= start && slice !== due) break
      earlier[head & mask] = undefined
    }
    this.#head = head
    if (head > this.#frontEnd) this.#flip(merge)
  }

  addTo(slices: number[], accumulators: unknown[]): void {
    for (let at = this.#head; at < this.#tail; at++) {
      slices.push(this.#slices[at & this.#mask] as number)
      accumulators.push(this.earlier[at & this.#mask])
    }
  }

  /** All behind becomes the front. */
  #flip(merge: Merge): void {
    const earlier = this.earlier
    const mask = this.#mask
    const head = this.#head
    const end = this.#backEnd
    if (head < end) this.#suffixes ??= columnOf(mask + 1)
    const suffixes = this.#suffixes as unknown[]
    let suffix: unknown
    for (let at = end - 1; at >= head; at--) {
      suffix = at === end - 1 ? earlier[at & mask] : merge(earlier[at & mask], suffix)
      suffixes[at & mask] = suffix
    }
    this.#frontEnd = end
    this.#back = undefined
  }

  /** A place behind the last one, in a larger ring if this one is full. */
  #take(): number {
    if (this.#tail - this.#head > this.#mask) this.#grow()
    return this.#tail++ & this.#mask
  }

  #grow(): void {
    const mask = this.#mask
    const room = 2 * (mask + 1)
    const slices = new Array<number>(room)
    const earlier = columnOf(room)
    const before = this.#suffixes
    const suffixes = before === undefined ? undefined : columnOf(room)
    for (let at = this.#head; at < this.#tail; at++) {
      const place = at & (room - 1)
      slices[place] = this.#slices[at & mask] as number
      earlier[place] = this.earlier[at & mask]
      if (suffixes !== undefined && at < this.#frontEnd) suffixes[place] = before?.[at & mask]
    }
    this.#slices = slices
    this.earlier = earlier
    this.#suffixes = suffixes
    this.#mask = room - 1
  }
}

/** A column for values of any kind from the start: one that becomes so is of several kinds in its life, and slower. */
function columnOf(room: number): unknown[] {
  return new Array<unknown>(room).fill(undefined)
}

export interface PackedSlices {
  readonly due: number
  readonly slices: readonly number[]
  readonly accumulators: readonly unknown[]
}

export function packSlices(state: KeySlices): PackedSlices {
  return state.pack()
}

/** The state again, without its key. */
export function unpackSlices(data: unknown, accumulatorOf: (saved: unknown) => unknown): KeySlices {
  const { due, slices, accumulators } = data as PackedSlices
  const state = new KeySlices(undefined, slices[0] as number, accumulatorOf(accumulators[0]))
  state.due = due
  for (let i = 1; i < slices.length; i++) state.begin(slices[i] as number, accumulatorOf(accumulators[i]))
  return state
}
