import { defineJob } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { errorOf, ScriptedSource, VirtualEnvironment } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { startInVirtualTime } from '../fixture/virtual-execution.ts'
import { RestartPolicy } from './restart-policy.ts'

/** A snapshot before which so many records were read. */
const read = (...records: number[]) =>
  ({ sources: [{ partitions: records.map((recordsIn) => ({ recordsIn })) }] }) as unknown as Parameters<RestartPolicy['committed']>[0]

describe('a job that fails again and again', () => {
  /** How many restarts there are if each failure comes `everyMs` after the one before; 100 is for ever. */
  const count = (everyMs: number, between: (policy: RestartPolicy, n: number) => void = () => {}) => {
    const policy = new RestartPolicy()
    for (let n = 0; n < 100; n++) {
      between(policy, n)
      const allowed = policy.allows(n * everyMs)
      const pauseMs = policy.next(n * everyMs)
      expect(pauseMs !== undefined).toBe(allowed)
      if (pauseMs === undefined) return n
    }
    return 100
  }

  it('is started again 10 times at most, however long each failure takes', () => {
    expect(count(100)).toBe(10)
    expect(count(5_000)).toBe(10)
    expect(count(60_000)).toBe(10)
  })

  it('is started again for ever if it makes progress, but not more than 10 times in 10 seconds', () => {
    expect(count(5_000, (policy, n) => policy.committed(read(n, n)))).toBe(100)
    expect(count(100, (policy, n) => policy.committed(read(n)))).toBe(10)
  })

  it('makes no progress with snapshots before which no more was read', () => {
    expect(count(5_000, (policy, n) => policy.committed(read(n % 5, 1)))).toBe(14)
  })

  it('is started again for ever if each start lasts for 10 minutes', () => {
    expect(count(600_000)).toBe(100)
  })

  it('pauses for twice as long each time, and for a second at most', () => {
    const policy = new RestartPolicy()
    expect(Array.from({ length: 11 }, (_, n) => policy.next(n * 20_000))).toEqual([
      10,
      20,
      40,
      80,
      160,
      320,
      640,
      1_000,
      1_000,
      1_000,
      undefined,
    ])
  })
})

/** A job in virtual time whose sink takes two seconds to fail. */
async function startFailing(snapshotIntervalMs: number, failsFor: (n: number) => boolean) {
  const [environment, source, persistence] = [new VirtualEnvironment(), new ScriptedSource<number>(), memoryPersistence()]
  const job = defineJob({
    name: 'failing',
    module: import.meta.url,
    build: (flow) =>
      flow.source('numbers', source).sink('out', {
        openPartition() {
          let fails = false
          return {
            write(n: number) {
              fails ||= failsFor(n)
            },
            get saturated() {
              return fails
            },
            async flush() {
              if (!fails) return
              await new Promise<void>((resolve) => environment.after(2_000, resolve))
              throw new Error('no answer')
            },
            snapshot: () => undefined,
            close: () => {},
          }
        },
      }),
  })
  const causes: unknown[] = []
  const restarting = (cause: unknown) => causes.push(cause)
  const options = { waitLimitMs: 60_000, backend: persistence, snapshotIntervalMs, restarting }
  const { execution } = await startInVirtualTime(job, options, environment)
  return { execution, environment, source, causes }
}

describe('a job whose sink takes two seconds to fail', () => {
  it('fails with the cause after 10 restarts in a row', async () => {
    const { execution, environment, source, causes } = await startFailing(100, () => true)
    source.push(1, 1)
    for (let n = 0; n < 12; n++) await environment.advance(4_000)
    expect(await errorOf(execution.finished)).toMatchObject({ code: 'ERR_SINK_FAILED', message: expect.stringContaining('no answer') })
    expect(execution.status()).toMatchObject({ state: 'failed', restarts: 10 })
    expect(causes).toHaveLength(10)
  })

  it('goes on as long as it gets further each time', async () => {
    const failed = new Set<number>()
    const { execution, environment, source } = await startFailing(100, (n) => !failed.has(n) && failed.add(n).size > 0)
    for (let n = 0; n < 15; n++) {
      source.push(n, n)
      await environment.advance(4_000)
    }
    expect(execution.status()).toMatchObject({ state: 'running', restarts: 15, recordsIn: 15 })
    await execution.cancel()
  })
})
