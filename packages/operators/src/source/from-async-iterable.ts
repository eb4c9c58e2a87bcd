import { MalstromError, numberTime, type Source, type SourceOutput, type SourcePartition, type SourceStatus } from '@malstrom/core'

/** Values taken from the iterator before the job has asked for them. */
const READ_AHEAD_MAX = 1_024

/**
 * Reads the values of an async iterable (an async generator, a Node stream, ...); the timestamp is the
 * index, from 0. One partition, `'all'`. At most 1,024 values are taken ahead of the job, so a slow job
 * slows the iterable down.
 *
 * To be read again after a restart it must start anew each time: pass a function that returns one. The
 * values before the saved position are then skipped.
 */
export function fromAsyncIterable<V>(values: AsyncIterable<V> | (() => AsyncIterable<V>)): Source<V, number, 'all', number> {
  if (typeof values !== 'function' && typeof values?.[Symbol.asyncIterator] !== 'function') {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', 'fromAsyncIterable needs an async iterable or a function that returns one.')
  }
  let taken = false
  return {
    time: numberTime,
    listPartitions: () => ['all'],
    openPartition: (_partition, position = 0) => {
      if (typeof values === 'function') return new AsyncIterablePartition(values(), position)
      if (taken) {
        throw new MalstromError(
          'ERR_SOURCE_CONSUMED',
          'fromAsyncIterable was given an iterable that has been read already. Pass a function that makes a new one: fromAsyncIterable(() => ...).',
        )
      }
      taken = true
      return new AsyncIterablePartition(values, position)
    },
  }
}

class AsyncIterablePartition<V> implements SourcePartition<V, number, number> {
  readonly #iterator: AsyncIterator<V>
  #skip: number
  #position: number
  #buffer: V[] = []
  #taken = 0
  #state: 'reading' | 'paused' | 'ended' | 'failed' = 'paused'
  #failure: unknown
  #wake: (() => void) | undefined

  constructor(values: AsyncIterable<V>, position: number) {
    this.#iterator = values[Symbol.asyncIterator]()
    this.#skip = position
    this.#position = position
    this.#resume()
  }

  poll(output: SourceOutput<V, number>, limit: number): SourceStatus {
    let emitted = 0
    for (; emitted < limit && this.#taken < this.#buffer.length; emitted++) output.emit(this.#buffer[this.#taken++] as V, this.#position++)
    if (this.#taken < this.#buffer.length) return 'more'
    this.#buffer = []
    this.#taken = 0
    if (this.#state === 'failed') {
      // What came before the failure is processed first.
      if (emitted > 0) return 'more'
      throw this.#failure
    }
    if (this.#state === 'ended') return 'finished'
    this.#resume()
    return 'idle'
  }

  ready(): Promise<void> {
    if (this.#buffer.length > 0 || this.#state === 'ended' || this.#state === 'failed') return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  snapshot(): number {
    return this.#position
  }

  async close(): Promise<void> {
    const open = this.#state === 'reading' || this.#state === 'paused'
    this.#state = 'ended'
    // A generator that is suspended in an await answers `return` only when the await ends, so nobody waits for it.
    if (open) this.#iterator.return?.()?.catch(() => {})
  }

  #resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'reading'
    void this.#read()
  }

  async #read(): Promise<void> {
    try {
      while (this.#state === 'reading' && this.#buffer.length < READ_AHEAD_MAX) {
        const next = await this.#iterator.next()
        if (this.#state !== 'reading') return
        if (next.done) this.#state = 'ended'
        else if (this.#skip > 0) this.#skip--
        else this.#buffer.push(next.value)
        this.#wake?.()
        this.#wake = undefined
      }
      if (this.#state === 'reading') this.#state = 'paused'
    } catch (failure) {
      this.#failure = failure
      this.#state = 'failed'
      this.#wake?.()
    }
  }
}
