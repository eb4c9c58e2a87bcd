import { beforeEach, describe, expect, it } from 'vitest'
import { openReader } from '../fixture/read-partition.ts'
import { withRedis } from '../fixture/real-redis.ts'
import { textField } from './redis-entry.ts'
import { redisSource } from './redis-source.ts'

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i))

withRedis('where reading begins', {}, (redis) => {
  type Options = Partial<Parameters<typeof redisSource<string>>[0]>
  const source = (options: Options) => redisSource<string>({ url: redis().url, stream: 'in', decode: textField(), ...(options as object) })
  /** Entry `n` has the id `<n + 1>-0`, so that a position can be named. */
  const add = async (stream: string, from: number, to: number) => {
    const pipeline = redis().client.pipeline()
    for (const value of numbers(from, to)) pipeline.xadd(stream, `${Number(value) + 1}-0`, 'value', value)
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
  }

  beforeEach(async () => {
    await redis().client.flushall()
  })

  describe.each([1, 5, 25])('in requests of %d entries', (batchRecords) => {
    it.each([
      ['alone', {}],
      ['in a group', { createStream: true }],
    ])('%s: at the beginning, an id, a time or the end, and after a snapshot', async (how, group) => {
      await add('in', 0, 100)
      let groups = 0
      const from = (start: NonNullable<Options['start']>) =>
        source({ start, batchRecords, ...(how === 'alone' ? {} : { group: { name: `group ${groups++}`, ...group } }) })
      for (const [start, first] of [
        ['earliest', 0],
        [{ id: '51-0' }, 50],
        [{ timeMs: 51 }, 50],
        [{ id: '50-1' }, 50],
        [{ timeMs: 100 }, 99],
      ] as const) {
        await using reader = await openReader(from(start))
        expect(await reader.readTo(100 - first), JSON.stringify(start)).toEqual(numbers(first, 100))
      }
      const atEnd = from('latest')
      const reader = await openReader(atEnd)
      await add('in', 100, 130)
      expect(await reader.readTo(7)).toEqual(numbers(100, 107))
      const state = reader.partition.snapshot()
      await reader.readTo(20)
      await reader.partition.close()
      await using again = await openReader(atEnd, { state, generation: 2 })
      expect(await again.readTo(23)).toEqual(numbers(107, 130))
    })
  })

  it('gives one source the end and another one the beginning of two streams, and both what comes', async () => {
    await add('in', 0, 5)
    await add('other', 0, 5)
    const both = source({ stream: ['in', 'other'] })
    const latest = source({ stream: ['in', 'other'], start: 'latest' })
    const open = (from: typeof both) => Promise.all(['in', 'other'].map((partition) => openReader(from, { partition })))
    const [earliestReaders, latestReaders] = [await open(both), await open(latest)]
    for (const stream of ['in', 'other']) await add(stream, 5, 20)
    for (const reader of earliestReaders) {
      expect(await reader.readTo(20)).toEqual(numbers(0, 20))
      const times = reader.records.map(({ timestamp }) => timestamp)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
    }
    for (const reader of latestReaders) expect(await reader.readTo(15)).toEqual(numbers(5, 20))
    for (const reader of [...earliestReaders, ...latestReaders]) await reader.partition.close()
  })

  it('leaves nothing out of streams that are quiet, busy, or not there yet, round after round', async () => {
    const streams = ['history', 'absent 1', 'absent 2', 'absent 3', 'absent 4', 'busy']
    const wanted: Record<string, string[]> = Object.fromEntries(streams.map((stream) => [stream, []]))
    const later = async (stream: string, value: string) => {
      await redis().client.xadd(stream, '*', 'value', value)
      wanted[stream]?.push(value)
    }
    await redis().client.xadd('history', '*', 'value', 'old')
    const latest = source({ stream: streams, start: 'latest' })
    const readers = await Promise.all(streams.map((partition) => openReader(latest, { partition })))
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 40; i++) await later('busy', `${round}/${i}`)
      // The quiet ones have one entry each, in the middle of the others.
      for (const stream of streams) await later(stream, `round ${round}`)
      for (let i = 40; i < 60; i++) await later('busy', `${round}/${i}`)
      for (const [i, reader] of readers.entries()) {
        const expected = wanted[streams[i] as string] as string[]
        expect(await reader.readTo(expected.length), streams[i]).toEqual(expected)
      }
    }
    // Nothing comes twice.
    for (const [i, reader] of readers.entries()) expect(await reader.readFor(30)).toEqual(wanted[streams[i] as string])
    for (const reader of readers) await reader.partition.close()
    const everything = source({ stream: streams })
    for (const stream of streams) {
      await using reader = await openReader(everything, { partition: stream })
      const expected = [...(stream === 'history' ? ['old'] : []), ...(wanted[stream] as string[])]
      expect(await reader.readTo(expected.length), stream).toEqual(expected)
    }
  })
})
