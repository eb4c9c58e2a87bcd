import { expect, it } from 'vitest'
import { FRAMES_TOGETHER, WakeUps } from './wake-ups.ts'

function open() {
  const clock = { nowMs: 0 }
  let wakes = 0
  const wakeUps = new WakeUps(
    () => wakes++,
    () => clock.nowMs,
  )
  /** A frame `gapMs` after the last one; returns how often the peer was woken. */
  const send = (gapMs: number, asleep: boolean, byteLength = 100) => {
    clock.nowMs += gapMs
    wakeUps.sent(byteLength, asleep)
    return wakes
  }
  return { send, wakes: () => wakes }
}

it('wakes a peer that sleeps at once for a frame by itself', () => {
  const { send } = open()
  expect([send(0, true), send(1, true), send(1, false), send(1, true)]).toEqual([1, 2, 2, 3])
})

it('wakes it once for frames that follow one another closely', () => {
  const { send } = open()
  expect(send(0, false)).toBe(0)
  // The flag that says that the peer sleeps is taken back with the first of them.
  expect(send(0.01, true)).toBe(0)
  for (let frame = 2; frame < FRAMES_TOGETHER; frame++) expect(send(0.01, false)).toBe(0)
  expect(send(0.01, false)).toBe(1)
  expect(send(0.01, false)).toBe(1)
})

it('leaves none unwoken: when the frames stop, it wakes the peer as soon as what runs has ended', async () => {
  const { send, wakes } = open()
  send(0, false)
  send(0.01, true)
  send(0.01, false)
  expect(wakes()).toBe(0)
  await Promise.resolve()
  expect(wakes()).toBe(1)
  await Promise.resolve()
  expect(wakes()).toBe(1)
})

it('does not wait longer for a frame that comes late', () => {
  const { send } = open()
  send(0, false)
  expect([send(0.01, true), send(1, false)]).toEqual([0, 1])
})

it('waits for large frames that follow one another less closely, but not for long', () => {
  const large = 20_000
  const { send } = open()
  const gaps: [number, boolean][] = [
    [0, false],
    [0.15, true],
    [0.15, false],
    [0.15, false],
    [0.15, false],
  ]
  expect(gaps.map(([gapMs, asleep]) => send(gapMs, asleep, large))).toEqual([0, 0, 0, 0, 1])
  // A small one of this pace, or a large one that comes late, wakes at once.
  expect(send(0.15, true)).toBe(2)
  expect(send(0.3, true, large)).toBe(3)
})
