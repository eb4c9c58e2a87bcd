import { defineJob, type Job, numberTime, type Sink, type Source, type SourcePartition } from 'malstrom'

export interface FailingOptions {
  /** The job throws this long after each start, in milliseconds. */
  readonly failAfterMs: number
  /** Takes the running totals. */
  readonly sink: Sink<number, boolean, number>
  /** Told where the source was opened: 0, or where the last snapshot was taken. */
  opened(position: number): void
}

/**
 * The program of the documentation that "fails" again and again: endless numbers, a running total of the odd
 * and of the even ones, and an operator that throws some time after each start. The job goes back to its last
 * snapshot each time. Totals may be written twice, but they are right: every number is added exactly once.
 */
export function failingJob({ failAfterMs, sink, opened }: FailingOptions): Job {
  return defineJob({
    name: 'failing',
    module: import.meta.url,
    build(flow) {
      const startMs = performance.now()
      flow
        .source('iter-source', new StatefulNumberSource(opened))
        .keyDistribute('key-by-value', (value) => (value & 1) === 1)
        .statefulMap(
          'sum',
          () => 0,
          (sum, value) => [sum + value, sum + value],
        )
        .inspect('fail-random', () => {
          if (performance.now() - startMs > failAfterMs) throw new Error('Oh no!')
        })
        .sink('out', sink)
    },
  })
}

/** The numbers from 0 on; its position is the next one. */
class StatefulNumberSource implements Source<number, number, 'numbers', number> {
  readonly time = numberTime
  readonly #opened: (position: number) => void

  constructor(opened: (position: number) => void) {
    this.#opened = opened
  }

  listPartitions(): readonly 'numbers'[] {
    return ['numbers']
  }

  openPartition(_partition: 'numbers', position = 0): SourcePartition<number, number, number> {
    this.#opened(position)
    let next = position
    return {
      poll(output) {
        for (let i = 0; i < 5; i++, next++) output.emit(next, next)
        return 'idle'
      },
      ready: () => new Promise((resolve) => setTimeout(resolve, 1)),
      snapshot: () => next,
      close: () => {},
    }
  }
}
