import type { NotAfter } from './not-after.ts'

export interface PackedColumns {
  readonly values: unknown[]
  readonly times: unknown[]
  readonly matched?: boolean[] | undefined
  readonly lowers?: unknown[] | undefined
  readonly uppers?: unknown[] | undefined
}

/** The records of one side of a join under one key, as columns, by time; those of equal times as they came. */
export class JoinColumns {
  values: unknown[]
  times: unknown[]
  /** Whether they have found a match, where that is needed. */
  matched: boolean[] | undefined = undefined
  /** Between which times the other side matches, where functions of the record say it. */
  lowers: unknown[] | undefined = undefined
  uppers: unknown[] | undefined = undefined

  /** With the first record, if there is one: arrays that grow from nothing take room for many. */
  constructor(values: unknown[], times: unknown[]) {
    this.values = values
    this.times = times
  }

  static unpack(packed: PackedColumns): JoinColumns {
    return Object.assign(new JoinColumns([], []), packed)
  }

  setBounds(lower: unknown, upper: unknown): void {
    this.lowers = [lower]
    this.uppers = [upper]
  }

  pack(): PackedColumns {
    const { values, times, matched, lowers, uppers } = this
    return { values, times, matched, lowers, uppers }
  }

  get count(): number {
    return this.times.length
  }

  add(value: unknown, timestamp: unknown, matched: boolean, lower: unknown, upper: unknown, notAfter: NotAfter): void {
    const { times } = this
    const last = times.length - 1
    if (last < 0 || notAfter(times[last], timestamp)) {
      this.values.push(value)
      times.push(timestamp)
      this.matched?.push(matched)
      this.lowers?.push(lower)
      this.uppers?.push(upper)
      return
    }
    const index = this.firstAfter(timestamp, notAfter)
    this.values.splice(index, 0, value)
    times.splice(index, 0, timestamp)
    this.matched?.splice(index, 0, matched)
    this.lowers?.splice(index, 0, lower)
    this.uppers?.splice(index, 0, upper)
  }

  /** The index of the first record after `timestamp`. */
  firstAfter(timestamp: unknown, notAfter: NotAfter): number {
    const { times } = this
    let low = 0
    let high = times.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (notAfter(times[middle], timestamp)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The index of the first record at or after `timestamp`. */
  firstFrom(timestamp: unknown, notAfter: NotAfter): number {
    const { times } = this
    let low = 0
    let high = times.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (notAfter(timestamp, times[middle])) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Takes away the records from index `from` up to but not with `to`. */
  removeRange(from: number, to: number): void {
    if (from >= to) return
    removed(this.values, from, to)
    removed(this.times, from, to)
    if (this.matched !== undefined) removed(this.matched, from, to)
    if (this.lowers !== undefined) removed(this.lowers, from, to)
    if (this.uppers !== undefined) removed(this.uppers, from, to)
  }

  /** Takes away the records for which `isDue` is true. */
  remove(isDue: (index: number) => boolean): void {
    const columns = this.#columns
    const { count } = this
    let kept = 0
    for (let i = 0; i < count; i++) {
      if (isDue(i)) continue
      for (const column of columns) column[kept] = column[i]
      kept++
    }
    for (const column of columns) column.length = kept
  }

  get #columns(): unknown[][] {
    const { times, values, matched, lowers, uppers } = this
    return [times, values, matched, lowers, uppers].filter((column) => column !== undefined)
  }
}

/** What `splice` does, without an array of what was taken away. */
function removed(column: unknown[], from: number, to: number): void {
  const { length } = column
  for (let i = to; i < length; i++) column[from + i - to] = column[i]
  column.length = length - to + from
}
