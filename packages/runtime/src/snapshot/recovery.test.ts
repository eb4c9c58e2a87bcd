import type { PersistenceBackend } from '@malstrom/core'
import { defineJob, type Flow, fromIterable, toArray } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { errorOf } from '@malstrom/testing'
import { describe, expect, it, vi } from 'vitest'
import { singleThread } from '../host/single-thread.ts'

const numbers = Array.from({ length: 10_000 }, (_, n) => n)

const runtimeWith = (persistence: PersistenceBackend, snapshotIntervalMs = Number.POSITIVE_INFINITY) =>
  singleThread({ persistence, snapshotIntervalMs })

const jobOf = (build: (flow: Flow) => void) => defineJob({ name: 'job', module: import.meta.url, build: (flow) => build(flow) })

/** Running sums per parity; `look` is called with every number. */
const sums = (out: number[], look: (n: number) => void = () => {}) =>
  jobOf((flow) =>
    flow
      .source('n', fromIterable(numbers))
      .inspect('look', look)
      .keyLocal('parity', (n) => n % 2)
      .fold(
        'sum',
        () => 0,
        (sum, n) => sum + n,
      )
      .sink('out', toArray(out)),
  )

describe('a job with persistence', () => {
  it('ends at once with the same result when it is started again after its end', async () => {
    const persistence = memoryPersistence()
    const out: number[] = []
    await runtimeWith(persistence).run(sums(out))
    expect(out).toHaveLength(numbers.length)
    const again = await runtimeWith(persistence).start(sums(out))
    await again.finished
    expect(out).toHaveLength(numbers.length)
    expect(again.status()).toMatchObject({ state: 'finished', recordsIn: 10_000, recordsOut: 10_000, snapshot: 1 })
  })

  it('goes on where it was suspended, with its states', async () => {
    const persistence = memoryPersistence()
    const out: number[] = []
    const whole: number[] = []
    await singleThread().run(sums(whole))
    let execution = await runtimeWith(persistence).start(sums(out))
    let suspensions = 0
    for (;;) {
      const version = await execution.suspend().catch((error) => (error.code === 'ERR_NOT_RUNNING' ? undefined : Promise.reject(error)))
      await execution.finished
      if (version === undefined || execution.status().state === 'finished') break
      expect(execution.status().state).toBe('suspended')
      suspensions++
      execution = await runtimeWith(persistence).start(sums(out))
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(suspensions).toBeGreaterThan(0)
    expect(out).toEqual(whole)
  })

  it('goes back to the last snapshot when it fails, and counts every record once', async () => {
    const persistence = memoryPersistence()
    const out: number[] = []
    let failures = 0
    const job = sums(out, (n) => {
      if (n === 5_000 + failures * 1_000 && failures < 3) {
        failures++
        throw new Error('Oh no!')
      }
    })
    const execution = await runtimeWith(persistence, 1).start(job)
    await execution.finished
    expect(execution.status()).toMatchObject({ state: 'finished', restarts: 3, recordsIn: 10_000 })
    const whole: number[] = []
    await singleThread().run(sums(whole))
    // Duplicates are allowed with this sink; wrong sums and gaps are not.
    expect([...new Set(out)]).toEqual([...new Set(whole)])
  })

  it('tells why it goes back', async () => {
    const causes: unknown[] = []
    const out: number[] = []
    let failed = false
    const job = sums(out, (n) => {
      if (n !== 5_000 || failed) return
      failed = true
      throw new Error('five thousand')
    })
    await singleThread({ persistence: memoryPersistence(), onRestart: (cause) => causes.push(cause) }).run(job)
    expect(causes).toEqual([expect.objectContaining({ code: 'ERR_OPERATOR_FAILED', message: expect.stringContaining('five thousand') })])
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    failed = false
    await singleThread({ persistence: memoryPersistence() }).run(job)
    expect(printed.mock.calls.map(([line]) => line)).toEqual([
      expect.stringMatching(/^malstrom: the job goes back to its last snapshot: ERR_OPERATOR_FAILED: .*five thousand/),
    ])
    printed.mockRestore()
  })

  it('fails with the cause after 10 restarts in a row', async () => {
    const error = await errorOf(
      runtimeWith(memoryPersistence()).run(
        sums([], (n) => {
          if (n === 7) throw new Error('always')
        }),
      ),
    )
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'look' } })
  }, 20_000)
})

describe('a restart', () => {
  it('builds the job anew, so that nothing is left of what its functions remembered', async () => {
    const out: string[] = []
    let failed = false
    const job = jobOf((flow) => {
      let calls = 0
      flow
        .source('n', fromIterable(numbers.slice(0, 10)))
        .map('remembers', (n) => {
          if (n === 5 && !failed) {
            failed = true
            throw new Error('once')
          }
          return `${n}:${++calls}`
        })
        .sink('out', toArray(out))
    })
    await runtimeWith(memoryPersistence()).run(job)
    expect(out.slice(-10)).toEqual(Array.from({ length: 10 }, (_, n) => `${n}:${n + 1}`))
  })

  it('is not tried where the reader of a pipe has gone', async () => {
    let opened = 0
    const job = jobOf((flow) =>
      flow.source('n', fromIterable([1])).sink('out', {
        openPartition() {
          opened++
          throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
        },
      }),
    )
    expect(await errorOf(runtimeWith(memoryPersistence()).run(job))).toMatchObject({ code: 'ERR_SINK_FAILED' })
    expect(opened).toBe(1)
  })
})

describe('cancel', () => {
  it('ends a job that is about to go back to its last snapshot', async () => {
    const job = sums([], () => {
      throw new Error('always')
    })
    const execution = await runtimeWith(memoryPersistence()).start(job)
    while (execution.status().restarts < 5) await new Promise((resolve) => setTimeout(resolve, 1))
    await execution.cancel()
    await execution.finished
    expect(execution.status().state).toBe('cancelled')
  })
})
