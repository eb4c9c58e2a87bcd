import { defineJob, discard, type Flow, forEach, fromAsyncIterable, fromIterable, toArray } from '@malstrom/operators'
import { errorOf, ScriptedSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { singleThread } from './single-thread.ts'

const jobOf = (build: (flow: Flow) => void) => defineJob({ name: 'job', module: import.meta.url, build: (flow) => build(flow) })

describe('singleThread', () => {
  it('runs a job to its end, again and again', async () => {
    const seen: number[] = []
    const job = jobOf((flow) => flow.source('n', fromIterable([1, 2])).sink('all', toArray(seen)))
    await singleThread().run(job)
    await singleThread().run(job)
    expect(seen).toEqual([1, 2, 1, 2])
  })

  it('gives params to the build function', async () => {
    const seen: number[] = []
    const job = defineJob({
      name: 'params',
      module: import.meta.url,
      build(flow, { count }: { count: number }) {
        flow.source('n', fromIterable(Array.from({ length: count }, (_, n) => n))).sink('all', toArray(seen))
      },
    })
    await singleThread().run(job, { count: 3 })
    expect(seen).toEqual([0, 1, 2])
  })

  it('runs several jobs at the same time, which do not disturb each other', async () => {
    const runtime = singleThread()
    const count = (name: string, seen: string[]) =>
      runtime.run(
        jobOf((flow) => {
          const numbers = async function* () {
            for (let n = 0; n < 100; n++) {
              if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
              yield `${name}${n}`
            }
          }
          flow.source('n', fromAsyncIterable(numbers)).sink('all', toArray(seen))
        }),
      )
    const [a, b]: [string[], string[]] = [[], []]
    const failing = errorOf(
      runtime.run(
        jobOf((flow) =>
          flow.source('n', fromIterable([1])).sink(
            'fails',
            forEach(() => {
              throw new Error('only this one')
            }),
          ),
        ),
      ),
    )
    await Promise.all([count('a', a), count('b', b), failing])
    expect(a).toEqual(Array.from({ length: 100 }, (_, n) => `a${n}`))
    expect(b).toEqual(Array.from({ length: 100 }, (_, n) => `b${n}`))
  })

  it('lets a long job and the rest of the process take turns', async () => {
    let turns = 0
    let running = true
    const count = () => {
      turns++
      if (running) setImmediate(count)
    }
    setImmediate(count)
    const end = performance.now() + 20_000
    await singleThread().run(
      jobOf((flow) =>
        flow
          .source(
            'n',
            fromIterable(function* () {
              while (turns <= 3 && performance.now() < end) yield 1
            }),
          )
          .sink('end', discard()),
      ),
    )
    running = false
    expect(turns).toBeGreaterThan(3)
  })

  it('cancels the job where the execution is disposed of', async () => {
    const source = new ScriptedSource<number>(['a'])
    let status: (() => string) | undefined
    {
      await using execution = await singleThread().start(jobOf((flow) => flow.source('s', source).discard('end')))
      status = () => execution.status().state
      expect(status()).toBe('running')
    }
    expect(status()).toBe('cancelled')
    expect(source.partition('a').closes).toBe(1)
  })

  it('rejects from start, with everything closed, if a source does not open', async () => {
    const [opened, broken] = [new ScriptedSource<number>(['a']), new ScriptedSource<number>(['b'])]
    broken.openPartition = () => {
      throw new Error('no broker')
    }
    const job = jobOf((flow) => {
      flow.source('opened', opened).discard('end of opened')
      flow.source('broken', broken).discard('end of broken')
    })
    const error = await errorOf(singleThread().start(job))
    expect(error.message).toMatch(/Source "broken" \(single-thread.test.ts:\d+\) failed: no broker/)
    expect(opened.partition('a').closes).toBe(1)
    expect((await errorOf(singleThread().run(job))).code).toBe('ERR_SOURCE_FAILED')
  })

  it('fails with ERR_TIMEOUT where a source takes longer to open than waitLimitMs, and closes it when it has opened', async () => {
    const source = new ScriptedSource<number>(['a'])
    let open: () => void = () => {}
    const opening = new Promise<void>((resolve) => {
      open = resolve
    })
    source.openPartition = (async () => {
      await opening
      return source.partition('a')
    }) as unknown as typeof source.openPartition
    const error = await errorOf(singleThread({ waitLimitMs: 5 }).run(jobOf((flow) => flow.source('slow', source).discard('end'))))
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', outcome: 'unknown', context: { operator: 'slow' } })
    expect(error.message).toMatch(/Waited 5 ms for source "slow" to open partition a/)
    open()
    await new Promise((resolve) => setImmediate(resolve))
    expect(source.partition('a').closes).toBe(1)
  })

  it('refuses to run what is no job', async () => {
    for (const job of [undefined, null, {}, () => {}, { default: jobOf(() => {}) }]) {
      for (const call of ['run', 'start'] as const) {
        const error = await errorOf(singleThread()[call](job as never) as Promise<unknown>)
        expect(error.code).toBe('ERR_JOB_INVALID')
        expect(error.message).toContain('defineJob')
      }
    }
  })

  it.each([
    { tasks: 'fast' },
    { waitLimitMs: 0 },
    { waitLimitMs: -1 },
    { waitLimitMs: Number.NaN },
    { waitLimitMs: 2 ** 31 },
    { waitLimitMs: '5 s' },
    { waitLimit: 5 },
    { workers: 4 },
    { snapshotIntervalMs: 0 },
    { snapshotTimeoutMs: 0 },
    { snapshotTimeoutMs: 2 ** 31 },
    { snapshotTimeoutMs: '10 min' },
  ])('refuses the options %o', (options) => {
    expect(() => singleThread(options as never)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
  })

  it('leaves a failure that nobody listens to for Node to report', async () => {
    const reported = new Promise((resolve) => {
      const listeners = process.rawListeners('unhandledRejection')
      process.removeAllListeners('unhandledRejection')
      process.once('unhandledRejection', (reason) => {
        for (const listener of listeners) process.on('unhandledRejection', listener as NodeJS.UnhandledRejectionListener)
        resolve(reason)
      })
    })
    const failing = defineJob({
      name: 'failing',
      module: import.meta.url,
      build: (flow) =>
        flow
          .source('n', fromIterable([1]))
          .map('boom', () => {
            throw new Error('nobody listens')
          })
          .discard('end'),
    })
    await singleThread().start(failing)
    expect(await reported).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'boom' } })
  })
})
