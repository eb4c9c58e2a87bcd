import fc from 'fast-check'
import { keptBackKinds } from './random-kept-back.ts'

/** A stream graph as data, so that fast-check can make it smaller. `applyGraph` in `random-streams.ts` builds it. */
export interface RandomGraph {
  readonly sources: readonly RandomSource[]
  readonly steps: readonly RandomStep[]
  /** Records that the sinks take before they are full. */
  readonly sinkCapacity: number | undefined
}

export interface RandomSource {
  /** `partitions`: several, read in turns, with epochs per partition. */
  readonly kind: 'array' | 'generator' | 'partitions'
  readonly values: readonly number[]
}

export interface RandomStep {
  readonly kind: StepKind
  /** Which of the streams so far is read, counted from the last one. */
  readonly input: number
  /** A second stream, for `union`, joins and `broadcast`. */
  readonly other: number
  /** Varies what the functions do. */
  readonly variant: number
}

/** Kinds that are named several times are likelier. */
export const stepKinds = [
  'map',
  'filter',
  'filterMap',
  'flatMap',
  'flatMapEmit',
  'flatten',
  'inspect',
  'keyLocal',
  'keyLocal',
  'keyDistribute',
  'keyDistribute',
  'unkey',
  'statefulMap',
  'fold',
  'reduce',
  'ttlMap',
  'ttlMap',
  'statefulOp',
  'statefulOp',
  'statelessOp',
  'statelessOp',
  'assignTimestamps',
  'generateEpochs',
  'generateEpochs',
  'generateEpochs',
  'periodic',
  'split',
  'split',
  'cloned',
  'union',
  'union',
  'union',
  'chain',
  'failing',
  'failing',
  'failing',
  ...keptBackKinds,
] as const
export type StepKind = (typeof stepKinds)[number]

const value = fc.integer({ min: -20, max: 40 })

const source: fc.Arbitrary<RandomSource> = fc.record({
  kind: fc.constantFrom('array', 'array', 'generator', 'partitions'),
  values: fc.oneof(
    { weight: 24, arbitrary: fc.array(value, { maxLength: 40 }) },
    // More than a frame holds, so that tasks take turns.
    { weight: 1, arbitrary: fc.array(value, { minLength: 3, maxLength: 4 }).map((few) => Array.from({ length: 360 }, () => few).flat()) },
  ),
})

const step: fc.Arbitrary<RandomStep> = fc.record({
  kind: fc.constantFrom(...stepKinds),
  input: fc.nat(5),
  other: fc.nat(5),
  variant: fc.nat(11),
})

export const randomGraph: fc.Arbitrary<RandomGraph> = fc.record({
  sources: fc.array(source, { minLength: 1, maxLength: 3 }),
  steps: fc.array(step, { maxLength: 14 }),
  sinkCapacity: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
})
