import { MalstromError } from '@malstrom/core'

/** A record as readers of a simulated sink see it. */
export interface VisibleRecord {
  readonly value: unknown
  readonly key: unknown
  readonly timestamp: unknown
}

/** The outer system behind a simulated sink: what it has staged, and what its readers see. */
export class SinkTransactions {
  /** What was written, in order: also what is not visible yet, and again what came again after a crash. */
  readonly written: VisibleRecord[] = []
  readonly staged = new Map<string, readonly VisibleRecord[]>()
  readonly visible: VisibleRecord[] = []
  readonly committed = new Set<string>()
  generation = 0
  #ids = 0
  /** Who writes now. */
  #writer: { readonly generation: number; readonly worker: number } | undefined

  /** A later start takes over; what an earlier one does after that is refused. */
  fence(generation: number): void {
    if (generation < this.generation) throw new MalstromError('ERR_FENCED', 'A later start writes to this partition.')
    this.generation = generation
  }

  /** Of the workers of one start, one writes at a time; the result lets the next one. */
  open(generation: number, worker: number): () => void {
    if (this.#writer?.generation === generation) {
      throw new Error(`worker ${worker} opens a partition that worker ${this.#writer.worker} still writes`)
    }
    const own = { generation, worker }
    this.#writer = own
    return () => {
      if (this.#writer === own) this.#writer = undefined
    }
  }

  newId(generation: number): string {
    return `${generation}-${++this.#ids}`
  }

  commit(id: string): void {
    if (this.committed.has(id)) return
    const records = this.staged.get(id)
    if (records === undefined) throw new Error(`nothing is staged as ${id}`)
    this.committed.add(id)
    this.visible.push(...records)
  }
}
