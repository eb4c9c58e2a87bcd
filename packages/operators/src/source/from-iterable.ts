import { MalstromError, numberTime, type Source, type SourceOutput, type SourcePartition, type SourceStatus } from '@malstrom/core'

/**
 * Reads the values of an iterable; the timestamp is the index, from 0. One partition, `'all'`.
 *
 * To be read more than once (after a restart of the job), it must be an array, another iterable that
 * starts anew each time, or a function that returns one: a generator object is read only once and
 * answers a second time with `ERR_SOURCE_CONSUMED`. An array must not change while the job runs.
 */
export function fromIterable<V>(values: Iterable<V> | (() => Iterable<V>)): Source<V, number, 'all', number> {
  const iterate = repeatable(values)
  return {
    time: numberTime,
    listPartitions: () => ['all'],
    openPartition: (_partition, position = 0) => {
      const iterable = iterate()
      return Array.isArray(iterable) ? new ArrayPartition(iterable, position) : new IterablePartition(iterable, position)
    },
  }
}

class ArrayPartition<V> implements SourcePartition<V, number, number> {
  readonly #values: readonly V[]
  #position: number

  constructor(values: readonly V[], position: number) {
    this.#values = values
    this.#position = position
  }

  poll(output: SourceOutput<V, number>, limit: number): SourceStatus {
    const start = this.#position
    const end = Math.min(start + limit, this.#values.length)
    if (end > start) output.emitIndexed(this.#values, start, end, start)
    this.#position = end
    return end === this.#values.length ? 'finished' : 'more'
  }

  async ready(): Promise<void> {}

  snapshot(): number {
    return this.#position
  }

  close(): void {}
}

class IterablePartition<V> implements SourcePartition<V, number, number> {
  readonly #iterator: Iterator<V>
  #position = 0
  #finished = false

  constructor(values: Iterable<V>, position: number) {
    this.#iterator = values[Symbol.iterator]()
    while (this.#position < position && !this.#iterator.next().done) this.#position++
  }

  poll(output: SourceOutput<V, number>, limit: number): SourceStatus {
    for (let emitted = 0; emitted < limit; emitted++) {
      const next = this.#iterator.next()
      if (next.done) {
        this.#finished = true
        return 'finished'
      }
      output.emit(next.value, this.#position++)
    }
    return 'more'
  }

  async ready(): Promise<void> {}

  snapshot(): number {
    return this.#position
  }

  close(): void {
    if (!this.#finished) this.#iterator.return?.()
    this.#finished = true
  }
}

function repeatable<V>(values: Iterable<V> | (() => Iterable<V>)): () => Iterable<V> {
  if (typeof values === 'function') return values
  if (values === null || values === undefined || typeof values[Symbol.iterator] !== 'function') {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `fromIterable needs an iterable or a function that returns one, not ${typeof values}.`)
  }
  let taken = false
  return () => {
    // An iterator that is its own iterable, such as a generator object, cannot start anew.
    const once = !Array.isArray(values) && (values as unknown) === values[Symbol.iterator]()
    if (once && taken) {
      throw new MalstromError(
        'ERR_SOURCE_CONSUMED',
        'fromIterable was given an iterator that has been read already. Pass a function that makes a new one: fromIterable(() => ...).',
      )
    }
    taken = true
    return values
  }
}
