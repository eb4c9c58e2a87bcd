import { isLoss } from './refusal.ts'

/** Why a start of a job has failed: what failed first, unless something else turns out to be the cause of that. */
export class Cause {
  #known: { readonly error: unknown } | undefined

  get isKnown(): boolean {
    return this.#known !== undefined
  }

  get error(): unknown {
    return this.#known?.error
  }

  /** Whether `error` is the first one. */
  add(error: unknown): boolean {
    const isFirst = this.#known === undefined
    // A worker that fails takes its connections with it, and others may tell of those first.
    if (isFirst || (isLoss(this.#known?.error) && !isLoss(error))) this.#known = { error }
    return isFirst
  }
}
