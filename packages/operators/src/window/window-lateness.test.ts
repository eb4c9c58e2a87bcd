import type { Key, Source } from '@malstrom/core'
import { defineJob, type Flow, fromIterable, limitOutOfOrderness, session, sliding, tumbling } from '@malstrom/operators'
import { errorOf, inBothForms, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Window, Windows } from './window.ts'

interface Entry {
  readonly key: string
  readonly n: number
  readonly t: number
}

const BOUND = 10
const LATENESS = 40

/** Timestamps that advance slowly and jump back by up to 120, so that some are on time, some late and some too late. */
const inputOf = (minLength: number): fc.Arbitrary<readonly Entry[]> =>
  fc
    .array(fc.record({ key: fc.constantFrom('a', 'b'), step: fc.nat(20), back: fc.oneof(fc.constant(0), fc.nat(20), fc.nat(120)) }), {
      minLength,
      maxLength: 40,
    })
    .map((list) => {
      let now = 0
      return list.map(({ key, step, back }, n) => {
        now += step
        return { key, n, t: now - back }
      })
    })
const input = inputOf(0)

/** Runs windows with lateness over the entries in order. Results say which records they are of. */
function job(source: Source<Entry, number, Key, unknown>, windows: Windows<number>, discarding: boolean) {
  return (flow: Flow) => {
    const { onTime, late } = flow
      .source('in', source)
      .keyLocal('key', ({ key }) => key)
      .assignTimestamps('t', ({ t }) => t)
      .generateEpochs('epochs', (_entry, t) => t - BOUND)
    const windowed = onTime.window(windows).allowedLateness(LATENESS, late)
    return (discarding ? windowed.discarding() : windowed).process('w', (values, { start, end }) => ({
      ns: values.map(({ n }) => n),
      start,
      end,
    }))
  }
}

interface Value {
  readonly ns: readonly number[]
  readonly start: number
  readonly end: number
}

interface Firing {
  readonly key: unknown
  readonly value: Value
  readonly timestamp: unknown
}

const isIn = ({ start, end }: Window<number>, t: number) => t >= start && t < end

describe('allowed lateness', () => {
  const shapes = [
    { name: 'tumbling', windows: tumbling(30), size: 30, slide: 30 },
    { name: 'sliding', windows: sliding({ size: 40, slide: 20 }), size: 40, slide: 20 },
  ]
  for (const { name, windows, size, slide } of shapes) {
    inBothForms(`${name} windows end with all records that are not too late, and only windows that are over lose any`, async (collect) => {
      await fc.assert(
        fc.asyncProperty(input, async (list) => {
          const { results, late, status } = await collect((flow) => job(fromIterable(list), windows, false)(flow))
          const tooLate = new Set(late.records.map(({ value }) => (value as Entry).n))
          // The frontier when the record came, as generateEpochs has it.
          let frontier = Number.NEGATIVE_INFINITY
          const frontierOf = list.map(({ t }) => {
            const before = frontier
            frontier = Math.max(frontier, t - BOUND)
            return before
          })
          const windowsOf = (t: number) => {
            const found: Window<number>[] = []
            for (let start = Math.floor(t / slide) * slide; start > t - size; start -= slide) found.push({ start, end: start + size })
            return found
          }
          const isOver = ({ end }: Window<number>, n: number) => end - 1 + LATENESS <= (frontierOf[n] as number)
          // Records reach the operator over two ways, so it may be behind generateEpochs: what is not over there is never too late.
          for (const { n, t } of list) if (tooLate.has(n)) expect(windowsOf(t).every((window) => isOver(window, n))).toBe(true)
          const last = new Map<string, Firing>()
          for (const record of results.records as unknown as Firing[]) {
            const { key, value, timestamp } = record
            expect(timestamp).toBe(value.end - 1)
            last.set(`${key} ${value.start}`, record)
          }
          for (const { n, t, key } of list) {
            if (tooLate.has(n)) continue
            const inside = windowsOf(t).filter((window) => !isOver(window, n))
            for (const { start } of inside) expect(last.get(`${key} ${start}`)?.value.ns).toContain(n)
          }
          for (const { key, value } of last.values()) {
            expect(new Set(value.ns).size).toBe(value.ns.length)
            for (const n of value.ns) {
              expect(tooLate.has(n)).toBe(false)
              expect(list[n]?.key).toBe(key)
              expect(isIn(value, (list[n] as Entry).t)).toBe(true)
            }
          }
          const w = status.operators.find(({ operator }) => operator === 'w')
          expect(w).toMatchObject({ keys: 0, late: tooLate.size })
          expectLaw(results.events, results.records as unknown as Firing[])
        }),
        { numRuns: 60 },
      )
    })
  }

  inBothForms('discarding windows say each record once', async (collect) => {
    await fc.assert(
      fc.asyncProperty(input, fc.constantFrom(tumbling(30), session({ gap: 15 })), async (list, windows) => {
        const { results, late } = await collect((flow) => job(fromIterable(list), windows as Windows<number>, true)(flow))
        const ns = [
          ...results.records.flatMap(({ value }) => (value as Firing['value']).ns),
          ...late.values.map((value) => (value as Entry).n),
        ]
        expect(ns.sort((a, b) => a - b)).toEqual(list.map(({ n }) => n))
        expectLaw(results.events, results.records as unknown as Firing[])
      }),
      { numRuns: 60 },
    )
  })

  it.each(taskForms)('late records fire their windows again at once, one by one as a naive model does (%s)', async (tasks) => {
    let refired = 0
    await fc.assert(
      fc.asyncProperty(inputOf(20), fc.boolean(), async (list, discarding) => {
        const out = testSink<Value, string>()
        const tooLate = testSink<Entry, string>()
        const source = testSource<Entry>()
        const lateJob = defineJob({
          name: 'late',
          module: import.meta.url,
          build(flow) {
            const { results, late } = job(source, tumbling(30), discarding)(flow)
            results.sink('results', { openPartition: missing })
            late.sink('too late', { openPartition: missing })
          },
        })
        await using test = await testJob(lateJob, { sources: { in: source }, sinks: { results: out, 'too late': tooLate }, tasks })
        for (const entry of list) {
          source.push(entry, 0)
          // The record passes before the next one comes.
          await test.settle()
        }
        await test.finish()
        const model = naive(list, 30, discarding)
        expect(out.records.map(({ key, value }) => `${key} ${JSON.stringify(value)}`).sort()).toEqual(model.results.sort())
        expect(tooLate.records.map(({ value }) => value.n)).toEqual(model.tooLate)
        refired += model.refired
      }),
      { numRuns: 40 },
    )
    expect(refired).toBeGreaterThan(5)
  })

  inBothForms('is refused without the stream of late records, and with one that is none', async (collect) => {
    const build = (lateOf: (onTime: unknown) => unknown) =>
      errorOf(
        collect((flow) => {
          const { onTime } = flow
            .source('in', fromIterable([1]))
            .keyLocal('one', () => 'k')
            .generateEpochs('epochs', limitOutOfOrderness(0))
          const windowed = onTime.window(tumbling(10)).allowedLateness(5, lateOf(onTime) as never)
          return windowed.process('w', () => 1)
        }),
      )
    for (const lateOf of [() => undefined, () => 5, (onTime: unknown) => onTime]) {
      const error = await build(lateOf)
      expect(error.code).toBe('ERR_STREAM_FOREIGN')
      expect(error.message).toMatch(/needs the stream of late records/)
    }
  })

  inBothForms('the stream of what is too late must be read or discarded', async (collect) => {
    const error = await errorOf(
      collect((flow) => {
        const { onTime, late } = flow
          .source('in', fromIterable([1]))
          .keyLocal('one', () => 'k')
          .generateEpochs('epochs', limitOutOfOrderness(0))
        const { results } = onTime
          .window(tumbling(10))
          .allowedLateness(5, late)
          .process('w', () => 1)
        return { results }
      }),
    )
    expect(error.code).toBe('ERR_STREAM_ENDS_NOWHERE')
    expect(error.message).toMatch(/output "late"/)
  })
})

/** No result is at or behind an epoch that came before it. */
function expectLaw(events: readonly unknown[], records: readonly Firing[]): void {
  let frontier = Number.NEGATIVE_INFINITY
  let index = 0
  for (const event of events) {
    if (typeof event === 'string') frontier = Number(event.slice(1))
    else expect(records[index++]?.timestamp).toBeGreaterThan(frontier)
  }
}

/** Tumbling windows, one record after the other. */
function naive(list: readonly Entry[], size: number, discarding: boolean) {
  const results: string[] = []
  const tooLate: number[] = []
  const open = new Map<string, { readonly key: string; readonly start: number; ns: number[]; pending: boolean }>()
  let frontier = Number.NEGATIVE_INFINITY
  let refired = 0
  const fire = (window: { readonly key: string; readonly start: number; ns: number[]; pending: boolean }) => {
    const { key, start, ns } = window
    if (window.pending) results.push(`${key} ${JSON.stringify({ ns, start, end: start + size })}`)
    window.pending = false
    if (discarding) window.ns = []
  }
  const advance = (epoch: number) => {
    if (epoch <= frontier) return
    frontier = epoch
    for (const window of open.values()) if (window.start + size - 1 <= frontier) fire(window)
  }
  for (const { key, n, t } of list) {
    const start = Math.floor(t / size) * size
    const last = start + size - 1
    const name = `${key} ${start}`
    if (last + LATENESS <= frontier) tooLate.push(n)
    else {
      const window = open.get(name) ?? { key, start, ns: [], pending: false }
      open.set(name, window)
      window.ns = [...window.ns, n]
      window.pending = true
      if (last <= frontier) {
        fire(window)
        refired++
      }
    }
    advance(t - BOUND)
  }
  advance(Number.POSITIVE_INFINITY)
  return { results, tooLate, refired }
}

function missing(): never {
  throw new Error('the real one is not opened')
}
