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

  /** A later start takes over; what an earlier one does after that is refused. */
  fence(generation: number): void {
    if (generation < this.generation) throw new MalstromError('ERR_FENCED', 'A later start writes to this partition.')
    this.generation = generation
  }

  commit(id: string): void {
    if (this.committed.has(id)) return
    const records = this.staged.get(id)
    if (records === undefined) throw new Error(`nothing is staged as ${id}`)
    this.committed.add(id)
    this.visible.push(...records)
  }
}
