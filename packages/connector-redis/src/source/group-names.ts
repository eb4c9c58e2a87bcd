import { randomBytes } from 'node:crypto'
import type { PartitionContext } from '@malstrom/core'

/**
 * The names under which a source reads. Each opening has a name of its own, so that what a process reads that should have ended is never
 * taken for what its successor has read; all of them begin with the same words, by which the successor finds them.
 */
export interface ConsumerNames {
  /** Of all openings of this source. */
  readonly family: string
  /** Of this opening, for what it reads in the order of the stream. */
  readonly own: string
  /** Of this opening, for what it takes over out of order. */
  readonly taking: string
}

export function consumerNames(base: string | undefined, { job, operator, generation }: PartitionContext): ConsumerNames {
  const family = `${base ?? `malstrom:${job}:${operator}`}/`
  const own = `${family}${generation}-${randomBytes(6).toString('hex')}`
  return { family, own, taking: `${own}+` }
}
