import { Readable } from 'node:stream'
import type { StatefulLogic } from '@malstrom/core'
import { defineJob, toArray } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { describe, expect, it } from 'vitest'
import { stdinStream } from './stdio-stream.ts'
import type { StreamMessage } from './stream-message.ts'

/** Keeps messages until every stream has got so far, and lets them go in the order of their times, those of the same time by their streams. */
const inTimeOrder: StatefulLogic<string, StreamMessage, StreamMessage, number, Record<number, StreamMessage[]>> = {
  init: () => ({}),
  onData(message, waiting, _output, _key, timestamp, timers) {
    timers.at(timestamp)
    waiting[timestamp] = [...(waiting[timestamp] ?? []), message].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    return waiting
  },
  onTimer(time, { [time]: now = [], ...waiting }, output, key) {
    for (const message of now) output.emit(message, key, time)
    return waiting
  },
}

/** The streams `keys` of standard input as one, aligned by their timestamps. */
const alignedJob = (keys: readonly string[], stream: Readable, into: string[]) =>
  defineJob({
    name: 'aligned',
    module: import.meta.url,
    build(flow) {
      const messages = flow.source('messages', stdinStream({ stream }))
      const streams = keys.map((key) => {
        const { onTime, late } = messages
          .filter(`only ${key}`, (message) => message.key === key)
          .assignTimestamps(`times of ${key}`, ({ timestamp }) => timestamp)
          .generateEpochs(`epochs of ${key}`, (_message, timestamp) => timestamp - 1)
        late.discard(`late of ${key}`)
        return onTime
      })
      const [first, ...others] = streams
      others
        .reduce((all, other) => all.union(other), first as (typeof streams)[number])
        .keyLocal('together', () => 'all')
        .statefulOp('in time order', inTimeOrder)
        .map('named', ({ key, sequence }) => `${key}${sequence}`)
        .sink('out', toArray(into))
    },
  })

/** Messages of which the sequence is the time in seconds. */
const linesOf = (key: string, times: readonly number[]) =>
  times.map((time) => `[${new Date(time * 1_000).toISOString().slice(0, 19)} | ${key} | ${time}] x\n`)

describe('several streams in the order of their times', () => {
  it.each([
    [
      'two in turn',
      [
        ['a', [1, 3, 5, 7, 9]],
        ['b', [2, 4, 6, 8, 10]],
      ],
      'a1 b2 a3 b4 a5 b6 a7 b8 a9 b10',
    ],
    [
      'two in stretches',
      [
        ['a', [1, 2, 5, 8, 9]],
        ['b', [3, 4, 6, 7, 10]],
      ],
      'a1 a2 b3 b4 a5 b6 b7 a8 a9 b10',
    ],
    [
      'three, one of them slow',
      [
        ['a', [1, 3, 5, 7, 9]],
        ['c', [5]],
        ['b', [2, 4, 6, 8, 10]],
      ],
      'a1 b2 a3 b4 a5 c5 b6 a7 b8 a9 b10',
    ],
    [
      'four',
      [
        ['a', [1, 3]],
        ['d', [5]],
        ['b', [2, 4]],
        ['c', [3]],
      ],
      'a1 b2 a3 c3 b4 d5',
    ],
  ] as const)('%s, of which one is read after the other', async (_, streams, expected) => {
    const lines = streams.flatMap(([key, times]) => linesOf(key, times))
    const into: string[] = []
    const keys = streams.map(([key]) => key)
    await singleThread().run(alignedJob(keys, Readable.from(lines.map((line) => Buffer.from(line))), into))
    expect(into.join(' ')).toBe(expected)
  })
})
