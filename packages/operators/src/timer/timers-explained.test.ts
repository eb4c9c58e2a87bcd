import type { StatefulLogic } from '@malstrom/core'
import { defineJob, discard, limitOutOfOrderness } from '@malstrom/operators'
import { testJob, testSource } from '@malstrom/testing'
import { expect, it } from 'vitest'

/** Says that a key has been silent, and forgets that it was to say so when the key is told to stop. */
const silence: StatefulLogic<string, string, string, number, number> = {
  init: () => 0,
  onData(value, count, _output, _key, timestamp, timers) {
    if (value === 'stop') timers.cancel(count)
    else timers.at(timestamp + 100)
    return timestamp + 100
  },
  onTimer(time, _state, output, key) {
    output.emit(`${key} is silent`, key, time)
    return undefined
  },
}

it('the explanation of timers says how many wait, and for which epoch the first', async () => {
  const source = testSource<string>()
  const job = defineJob({
    name: 'stuck',
    module: import.meta.url,
    build: (flow) =>
      void flow
        .source('in', source, { epochs: limitOutOfOrderness(0) })
        .onTime.keyLocal('key', (value) => value.slice(0, 1))
        .statefulOp('silence', silence)
        .sink('out', discard()),
  })
  await using test = await testJob(job, { sources: { in: source } })
  const waits = async () => (await test.explain()).findings.filter(({ kind }) => kind === 'waiting')
  expect(await waits()).toEqual([])
  source.push('a', 10).push('b', 20).push('a', 30)
  const [wait, ...others] = await waits()
  expect(others).toEqual([])
  expect(wait).toMatchObject({
    operator: 'silence',
    count: 3,
    frontier: 110,
    message: '"silence" on worker 0 keeps 3 timers of 2 keys; the first of them waits for the frontier to reach 110.',
  })
  // The first timer fires, and its key is forgotten with the other timer.
  source.push('c', 115)
  expect(await waits()).toMatchObject([{ count: 2, frontier: 120 }])
})
