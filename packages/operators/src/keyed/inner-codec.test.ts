import type { Codec } from '@malstrom/core'
import { defineJob, discard, fromIterable, type KeyedStream } from '@malstrom/operators'
import { errorOf, testJob, testSink, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

/** Writes sums as text with a sign of its own, so that another codec reads them wrongly. */
const codecOf = (sign: string): Codec<number> => ({
  id: `sum with ${sign}`,
  encode: (sum) => new TextEncoder().encode(`${sign}${sum}`),
  decode: (bytes) => Number(new TextDecoder().decode(bytes).replace(sign, '')),
})

type Numbers = KeyedStream<string, number, number>

/** Operators that keep something of their own around what the codec writes. */
const operators: readonly [string, (stream: Numbers, codec: Codec<number>) => Numbers][] = [
  [
    'a time to live',
    (stream, codec) =>
      stream.fold(
        'sum',
        () => 0,
        (sum, n) => sum + n,
        { ttl: 1_000, codec },
      ),
  ],
  [
    'timers',
    (stream, codec) =>
      stream.statefulOp('sum', {
        codec,
        init: () => 0,
        onData(n, sum: number, output, key, timestamp, timers) {
          timers.at(timestamp + 1_000)
          output.emit(sum + n, key, timestamp)
          return sum + n
        },
        onTimer: (_time, sum) => sum,
      }),
  ],
]

/** Saves a state with one codec, and goes on with another. */
async function change(apply: (typeof operators)[number][1], before: Codec<number>, after: Codec<number>): Promise<readonly unknown[]> {
  let codec = before
  const source = testSource<number>()
  const out = testSink<string, number>()
  const job = defineJob({
    name: 'change',
    module: import.meta.url,
    build(flow) {
      apply(
        flow.source('in', fromIterable<number>([])).keyLocal('one', () => 'one'),
        codec,
      ).sink('out', discard())
    },
  })
  await using test = await testJob(job, { sources: { in: source }, sinks: { out } })
  source.push(1, 1)
  await test.snapshot()
  test.crash()
  codec = after
  await test.start()
  source.push(2, 2)
  await test.finish()
  return out.records.map(({ value }) => value)
}

describe.each(operators)('a state with %s', (_what, apply) => {
  it('is refused if it was written by another codec', async () => {
    const error = await errorOf(change(apply, codecOf('+'), codecOf('=')))
    expect(error).toMatchObject({ code: 'ERR_SNAPSHOT_MISMATCH' })
    expect(error.message).toContain('written with codec "sum with +" and would be read with "sum with ="')
  })

  it('goes on if the codec is the same', async () => {
    expect(await change(apply, codecOf('+'), codecOf('+'))).toEqual([1, 3])
  })
})
