import { defineJob, forEach } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { errorOf, ScriptedSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { growingJob, Place } from '../fixture/growing-job.ts'
import { multiThread } from '../host/multi-thread.ts'
import { singleThread } from '../host/single-thread.ts'

describe('a source that finds new partitions', () => {
  it.each([1, 2])('has them read while the job runs, on %i workers', { timeout: 60_000 }, async (workers) => {
    const shared = new SharedArrayBuffer(4 * 16)
    const places = new Int32Array(shared)
    places[Place.partitions] = 2
    const host = workers === 1 ? singleThread() : multiThread({ workers })
    const execution = await host.start(growingJob, { shared })
    await expect.poll(() => places[Place.records], { timeout: 30_000 }).toBe(200)
    for (const partitions of [3, 6]) {
      places[Place.partitions] = partitions
      await expect.poll(() => places[Place.records], { timeout: 30_000 }).toBe(partitions * 100)
    }
    // Read once each.
    await expect.poll(() => execution.status().sources.map(({ recordsIn }) => recordsIn), { timeout: 30_000 }).toEqual(Array(6).fill(100))
    expect((places[Place.opened] as number) + (places[Place.opened + 1] as number)).toBe(6)
    await execution.cancel()
  })

  it('may fail to list them for a while, and fails the job if that does not end', async () => {
    let outage = 5
    let asked = 0
    const source = Object.assign(new ScriptedSource<number>(['a', 'b']), {
      discoveryMs: 1,
      listPartitions() {
        if (++asked === 1) return ['a']
        if (outage-- > 0) throw new Error('no connection')
        return asked > 20 ? ['a', 'b'] : ['a']
      },
    })
    const seen: number[] = []
    const job = defineJob({
      name: 'outage',
      module: import.meta.url,
      build: (flow) =>
        flow.source('source', source).sink(
          'sink',
          forEach((value) => void seen.push(value)),
        ),
    })
    source.partition('b').give([7, 1])
    const execution = await singleThread().start(job)
    await expect.poll(() => seen).toEqual([7])
    expect(source.contexts.map(({ discovered }) => discovered)).toEqual([false, true])
    outage = Number.POSITIVE_INFINITY
    const error = await errorOf(execution.finished)
    expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED', context: { operator: 'source' } })
    expect(error.message).toContain('no connection')
  })

  it('is told which partitions were not there when the job was saved', async () => {
    const persistence = memoryPersistence()
    const source = new ScriptedSource<number>(['a', 'b'])
    const listed = ['a']
    source.listPartitions = () => listed
    const job = defineJob({ name: 'saved', module: import.meta.url, build: (flow) => flow.source('source', source).discard('end') })
    await (await singleThread({ persistence }).start(job)).suspend()
    listed.push('b')
    const execution = await singleThread({ persistence }).start(job)
    expect(source.contexts.map(({ discovered }) => discovered)).toEqual([false, false, true])
    await execution.cancel()
  })
})
