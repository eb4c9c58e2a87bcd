import { MalstromError } from './error.ts'
import { baseOf, bitsOfKey, weightOf } from './hash.ts'
import type { WorkerId } from './identity.ts'
import type { Key } from './key.ts'

/** Chooses the worker that owns `key`. Must be pure and give the same answer in every process. `workers` is never empty. */
export type Partitioner<K extends Key> = (key: K, workers: readonly WorkerId[]) => WorkerId

/**
 * The worker with the highest hash of (key, worker): when workers come or go, only the keys that
 * must move do. (Thaler and Ravishankar, rendezvous or highest-random-weight hashing.)
 */
export const rendezvousSelect: Partitioner<Key> = (key, workers) => {
  let chosen = firstOf(workers)
  if (workers.length === 1) return chosen
  const base = baseOf(bitsOfKey(key))
  let highest = 0
  for (let i = 0; i < workers.length; i++) {
    const worker = workers[i] as WorkerId
    const weight = weightOf(base, worker)
    if (weight === highest && worker < chosen) chosen = worker
    // Which of two weights is higher is a toss, and a branch that is guessed wrong every second time costs more than the hash.
    const higher = ((~highest & weight) | ((~highest | weight) & (highest - weight))) >> 31
    highest ^= (highest ^ weight) & higher
    chosen ^= (chosen ^ worker) & higher
  }
  return chosen
}

/** The worker at position `key` modulo the number of workers, for keys that are whole numbers. */
export const indexSelect: Partitioner<number | bigint> = (key, workers) => {
  const first = firstOf(workers)
  if (typeof key === 'number' && !Number.isInteger(key)) {
    throw new MalstromError('ERR_KEY_INVALID', `indexSelect needs whole numbers as keys, not ${key}. Use rendezvousSelect for other keys.`)
  }
  const count = workers.length
  const index = typeof key === 'bigint' ? Number(((key % BigInt(count)) + BigInt(count)) % BigInt(count)) : ((key % count) + count) % count
  return workers[index] ?? first
}

function firstOf(workers: readonly WorkerId[]): WorkerId {
  const first = workers[0]
  if (first === undefined) throw new MalstromError('ERR_NO_WORKERS', 'A partitioner was asked to choose among no workers.')
  return first
}
