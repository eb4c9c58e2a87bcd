import { JoinColumns, type PackedColumns } from './join-columns.ts'

/**
 * The records of one side of a join under one key, by time; at least one. Most keys have one, which is kept in two fields: columns of one
 * would take three times the room, and as many looks into memory when it expires.
 */
export class JoinBuffer {
  #value: unknown
  #time: unknown
  #columns: JoinColumns | undefined = undefined

  constructor(value: unknown, timestamp: unknown) {
    this.#value = value
    this.#time = timestamp
  }

  static unpack(packed: PackedColumns | undefined): JoinBuffer | undefined {
    if (packed === undefined) return undefined
    const buffer = new JoinBuffer(undefined, undefined)
    buffer.#columns = JoinColumns.unpack(packed)
    return buffer
  }

  pack(): PackedColumns {
    return this.#columns?.pack() ?? { values: [this.#value], times: [this.#time] }
  }

  get count(): number {
    return this.#columns === undefined ? 1 : this.#columns.count
  }

  /** Where the records are, unless it is one of which nothing else is known. */
  get columns(): JoinColumns | undefined {
    return this.#columns
  }

  /** From now on in columns, where there may be more records, and more may be known of them. */
  toColumns(): JoinColumns {
    if (this.#columns === undefined) {
      this.#columns = new JoinColumns([this.#value], [this.#time])
      this.#value = undefined
      this.#time = undefined
    }
    return this.#columns
  }

  valueAt(index: number): unknown {
    return this.#columns === undefined ? this.#value : this.#columns.values[index]
  }

  timeAt(index: number): unknown {
    return this.#columns === undefined ? this.#time : this.#columns.times[index]
  }
}
