import type { Sink } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { expect, it } from 'vitest'
import { eventually, OpenSource, PATIENCE_MS, post, TemporaryFolder, within } from '../fixture/open-source.ts'
import { httpSource } from './http-source.ts'

const CLIENTS = 32
const REQUESTS_EACH = 40
const QUEUED_RECORDS_MAX = 64

/** A sink that takes nothing while it is stalled. */
class StallingSink {
  readonly taken: number[] = []
  #isStalled = true
  #resume = () => {}
  readonly #resumed = new Promise<void>((resolve) => {
    this.#resume = resolve
  })

  resume(): void {
    this.#isStalled = false
    this.#resume()
  }

  get sink(): Sink<number, unknown, unknown, string, undefined> {
    const isStalled = () => this.#isStalled
    return {
      openPartition: async () => ({
        write: (value) => void this.taken.push(value),
        get saturated() {
          return isStalled()
        },
        flush: () => this.#resumed,
        snapshot: () => undefined,
        close: async () => {},
      }),
    }
  }
}

it.each([
  ['in memory', false],
  ['on the disk', true],
])(
  'a job that stands still answers 429 to many clients, keeps what it has answered 202 %s, and each of their records comes once',
  {
    timeout: 90_000,
  },
  async (_, isDurable) => {
    using folder = new TemporaryFolder()
    const sink = new StallingSink()
    let url = ''
    const job = defineJob({
      name: 'load',
      module: import.meta.url,
      build: (flow) =>
        flow
          .source(
            'requests',
            httpSource({
              port: 0,
              decode: Number,
              queuedRecordsMax: QUEUED_RECORDS_MAX,
              onListening: ({ port }) => {
                url = `http://127.0.0.1:${port}/`
              },
              ...(isDurable ? { durable: { directory: folder.path } } : {}),
            }),
          )
          .sink('slow', sink.sink),
    })
    const execution = await singleThread().start(job)
    execution.finished.catch(() => {}) // `cancel` tells.
    await eventually('it listens', () => url !== '')
    const answers = new Map<number, number>()
    let accepted = 0
    const client = async (first: number) => {
      for (let i = 0; i < REQUESTS_EACH; i++) {
        for (const deadline = Date.now() + PATIENCE_MS; ; ) {
          expect(Date.now()).toBeLessThan(deadline)
          const { status, headers } = await post(url, first * REQUESTS_EACH + i)
          answers.set(status, (answers.get(status) ?? 0) + 1)
          if (status === 202) break
          expect([status, headers.get('retry-after')]).toEqual([429, '1'])
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        accepted++
      }
    }
    const clients = Promise.all(Array.from({ length: CLIENTS }, (_, first) => client(first)))
    await eventually('many are told to wait', () => (answers.get(429) ?? 0) > 2 * CLIENTS)
    // What the engine and the queue take is all that was accepted: nothing is kept elsewhere.
    const whileStalled = accepted
    expect(whileStalled).toBeLessThan(CLIENTS * REQUESTS_EACH)
    sink.resume()
    await within(clients, 'end of the clients')
    const all = Array.from({ length: CLIENTS * REQUESTS_EACH }, (_, i) => i)
    await eventually('everything has come', () => sink.taken.length >= all.length)
    expect(sink.taken.toSorted((a, b) => a - b)).toEqual(all)
    expect([...answers.keys()].sort()).toEqual([202, 429])
    await within(execution.cancel(), 'end of the job')
    if (!isDurable) return
    // No snapshot has come, so the log still has everything that was answered 202, and nothing else.
    await using again = await OpenSource.open<number>({ durable: { directory: folder.path }, queuedRecordsMax: all.length })
    expect((await again.readTo(all.length)).toSorted((a, b) => a - b)).toEqual(all)
    expect(again.poll()).toBe('idle')
  },
)
