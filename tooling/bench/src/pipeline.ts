import type { SinkPartition } from '@malstrom/core'

/** What a contestant is given: the records, what to do with each, and where the results go. */
export interface Pipeline {
  readonly values: readonly unknown[]
  readonly steps: readonly Step[]
  readonly sink: ChecksumSink
}

// biome-ignore lint/suspicious/noExplicitAny: steps of every value type share one list; `Steps` checks that they fit
type AnyFunction = (...args: any[]) => any

export type Step =
  | { readonly kind: 'map'; readonly f: AnyFunction }
  | { readonly kind: 'filter'; readonly f: AnyFunction }
  | { readonly kind: 'flatMap'; readonly f: AnyFunction }
  /** Keeps one number per key and passes its new value on for every record. */
  | { readonly kind: 'foldBy'; readonly keyOf: AnyFunction; readonly start: number; readonly f: AnyFunction }

/** Writes down the steps of a pipeline, once for ours and all peers. */
export class Steps<V> {
  readonly list: readonly Step[]

  constructor(list: readonly Step[] = []) {
    this.list = list
  }

  map<O>(f: (value: V) => O): Steps<O> {
    return new Steps([...this.list, { kind: 'map', f }])
  }

  filter(f: (value: V) => boolean): Steps<V> {
    return new Steps([...this.list, { kind: 'filter', f }])
  }

  flatMap<O>(f: (value: V) => readonly O[]): Steps<O> {
    return new Steps([...this.list, { kind: 'flatMap', f }])
  }

  foldBy(keyOf: (value: V) => string, start: number, f: (sum: number, value: V) => number): Steps<number> {
    return new Steps([...this.list, { kind: 'foldBy', keyOf, start, f }])
  }
}

/**
 * Takes the results of ours and of all peers. Every pipeline has a subclass of its own, as every job
 * has its own sink: one `write` for all pipelines would be slow because of the bench, not of the engine.
 */
export abstract class ChecksumSink implements SinkPartition<unknown, unknown, unknown, undefined> {
  checksum = 0
  readonly saturated = false

  abstract write(value: unknown): void

  openPartition(): this {
    return this
  }

  async flush(): Promise<void> {}

  snapshot(): undefined {
    return undefined
  }

  close(): void {}
}
