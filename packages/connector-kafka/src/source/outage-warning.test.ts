import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { OutageWarning } from './outage-warning.ts'

const warnings: string[] = []
beforeEach(() => {
  vi.useFakeTimers()
  warnings.length = 0
})
afterEach(() => vi.useRealTimers())

it('an outage that lasts is told once, with what was the matter last; the next one again', () => {
  const outage = new OutageWarning((message) => warnings.push(message))
  outage.note('broker 1 is down.')
  vi.advanceTimersByTime(5_000)
  outage.note('broker 2 is down.')
  expect(warnings).toEqual([])
  vi.advanceTimersByTime(5_000)
  outage.note('broker 3 is down.')
  vi.advanceTimersByTime(60_000)
  expect(warnings).toEqual(['broker 2 is down. The job waits and goes on by itself when this is over.'])
  outage.end()
  outage.note('broker 4 is down.')
  vi.advanceTimersByTime(10_000)
  expect(warnings).toHaveLength(2)
})

it('one that is over soon is not', () => {
  const outage = new OutageWarning((message) => warnings.push(message))
  outage.note('broker 1 is down.')
  vi.advanceTimersByTime(9_000)
  outage.end()
  vi.advanceTimersByTime(60_000)
  expect(warnings).toEqual([])
})
