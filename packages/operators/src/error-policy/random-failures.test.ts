import { type DeadLetter, type Emit, fromIterable, type KeyedStream, type OnError } from '@malstrom/operators'
import { type Collect, inBothForms } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect } from 'vitest'

interface Rec {
  readonly value: number
  readonly key: number
  readonly timestamp: number
}

/** What a step does with one record, written again without streams; throws where the operator is to fail. */
type Naive = (record: Rec, states: Map<number, number>) => readonly Rec[]
type Numbers = KeyedStream<number, number, number>
// biome-ignore lint/suspicious/noExplicitAny: with dead letters or without
type Apply = (stream: Numbers, name: string, bad: number, options: { onError: OnError }) => any

const check = (n: number, bad: number) => {
  if (n % 5 === bad) throw new Error(`bad ${n}`)
  return n
}

const kinds: Readonly<Record<string, readonly [Apply, (bad: number) => Naive]>> = {
  map: [(s, name, bad, o) => s.map(name, (n) => check(n, bad) * 2, o), (bad) => (r) => [{ ...r, value: check(r.value, bad) * 2 }]],
  filter: [
    (s, name, bad, o) => s.filter(name, (n) => check(n, bad) % 2 === 0, o),
    (bad) => (r) => (check(r.value, bad) % 2 === 0 ? [r] : []),
  ],
  filterMap: [
    (s, name, bad, o) => s.filterMap(name, (n) => (check(n, bad) % 3 === 0 ? undefined : n + 1), o),
    (bad) => (r) => (check(r.value, bad) % 3 === 0 ? [] : [{ ...r, value: r.value + 1 }]),
  ],
  flatMap: [
    (s, name, bad, o) =>
      s.flatMap(
        name,
        function* (n) {
          yield n
          yield check(n, bad) + 1
        },
        o,
      ),
    (bad) => (r) => [r, { ...r, value: check(r.value, bad) + 1 }],
  ],
  flatMapEmit: [
    (s, name, bad, o) =>
      s.flatMapEmit(
        name,
        (n, emit: Emit<number>) => {
          emit(n)
          emit(check(n, bad) + 3)
        },
        o,
      ),
    (bad) => (r) => [r, { ...r, value: check(r.value, bad) + 3 }],
  ],
  keyLocal: [(s, name, bad, o) => s.keyLocal(name, (n) => check(n, bad) % 4, o), (bad) => (r) => [{ ...r, key: check(r.value, bad) % 4 }]],
  fold: [
    (s, name, bad, o) =>
      s.fold(
        name,
        (key) => key,
        (sum, n) => (sum + check(n, bad)) % 31,
        o,
      ),
    (bad) => (r, states) => {
      const value = ((states.get(r.key) ?? r.key) + check(r.value, bad)) % 31
      states.set(r.key, value)
      return [{ ...r, value }]
    },
  ],
  statefulMap: [
    (s, name, bad, o) =>
      s.statefulMap(
        name,
        () => 0,
        (count, n) => [count + n, check(n, bad) % 2 === 0 ? undefined : count + 1],
        o,
      ),
    (bad) => (r, states) => {
      const count = states.get(r.key) ?? 0
      if (check(r.value, bad) % 2 === 0) states.delete(r.key)
      else states.set(r.key, count + 1)
      return [{ ...r, value: count + r.value }]
    },
  ],
  process: [
    (s, name, bad, o) =>
      s.process(
        name,
        {
          init: () => 0,
          onData(n: number, sum: number, output: { emit(v: number, k: number, t: number): void }, key: number, timestamp: number) {
            output.emit(sum, key, timestamp)
            return (sum + check(n, bad)) % 17
          },
        },
        o,
      ),
    (bad) => (r, states) => {
      const sum = states.get(r.key) ?? 0
      states.set(r.key, (sum + check(r.value, bad)) % 17)
      return [{ ...r, value: sum }]
    },
  ],
}

const step = fc.record({
  kind: fc.constantFrom(...Object.keys(kinds)),
  bad: fc.nat({ max: 4 }),
  onError: fc.constantFrom<OnError>('skip', 'deadLetter'),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function expected(values: readonly number[], steps: readonly Step[]) {
  let records: readonly Rec[] = values.map((value, timestamp) => ({ value, key: value % 3, timestamp }))
  const dead: Rec[][] = []
  let skipped = 0
  for (const { kind, bad, onError } of steps) {
    const naive = (kinds[kind] as (typeof kinds)[string])[1](bad)
    const states = new Map<number, number>()
    const letters: Rec[] = []
    const next: Rec[] = []
    for (const record of records) {
      try {
        next.push(...naive(record, states))
      } catch {
        if (onError === 'skip') skipped++
        else letters.push(record)
      }
    }
    if (onError === 'deadLetter') dead.push(letters)
    records = next
  }
  return { records, dead, skipped }
}

async function observed(collect: Collect, values: readonly number[], steps: readonly Step[]) {
  const watched = await collect((flow) => {
    let stream: Numbers = flow.source('n', fromIterable(values)).keyLocal('k', (n) => n % 3)
    const streams: Record<string, unknown> = {}
    steps.forEach(({ kind, bad, onError }, index) => {
      const applied = (kinds[kind] as (typeof kinds)[string])[0](stream, `op ${index}`, bad, { onError })
      stream = onError === 'skip' ? applied : applied.results
      if (onError === 'deadLetter') streams[`dead ${index}`] = applied.deadLetters
    })
    return { ...streams, out: stream } as Record<string, Numbers>
  })
  const { status } = watched
  const plain = (name: string) => (watched[name]?.records ?? []) as readonly Rec[]
  const dead = Object.keys(watched)
    .filter((name) => name.startsWith('dead'))
    .map((name) =>
      plain(name).map((letter) => {
        const { value, key, timestamp, cause } = letter.value as unknown as DeadLetter<number, number, number>
        expect([cause.message, letter.key, letter.timestamp]).toEqual([`bad ${value}`, key, timestamp])
        return { value, key, timestamp }
      }),
    )
  return { records: plain('out'), dead, skipped: status.skipped }
}

describe('random chains of operators that fail for some records', () => {
  inBothForms('give what a naive computation gives', async (collect) => {
    let failed = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 40 }), { maxLength: 30 }),
        fc.array(step, { minLength: 1, maxLength: 5 }),
        async (values, steps) => {
          const naive = expected(values, steps)
          failed += naive.skipped + naive.dead.flat().length
          expect(await observed(collect, values, steps)).toEqual(naive)
        },
      ),
      { numRuns: 200 },
    )
    expect(failed).toBeGreaterThan(250)
  })
})
