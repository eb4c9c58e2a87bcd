import { describe, expect, it } from 'vitest'
import { Alignment, alignmentMemory } from './alignment.ts'

/** Some blocks more than one partition may be ahead of another. */
const AHEAD = 100

describe('an alignment', () => {
  it('holds a partition back that is ahead, until the one behind it goes on', async () => {
    const memory = alignmentMemory(2)
    const [first, second] = [new Alignment(memory, 0, 0), new Alignment(memory, 1, 0)]
    expect(first.mayRead(AHEAD)).toBe(false)
    expect(second.mayRead(1)).toBe(true)
    const changed = first.changed(AHEAD)
    second.mayRead(AHEAD)
    expect(await changed).toBe('ok')
    expect(first.mayRead(AHEAD)).toBe(true)
    expect(first.changed(AHEAD)).toBeUndefined()
  })

  it('looks again after a while, also when nobody says anything', async () => {
    const memory = alignmentMemory(2)
    const first = new Alignment(memory, 0, 0)
    new Alignment(memory, 1, 0)
    expect(await first.changed(AHEAD)).toBe('timed-out')
  })

  it('waits for no partition that has ended', () => {
    const memory = alignmentMemory(2)
    const [first, second] = [new Alignment(memory, 0, 0), new Alignment(memory, 1, 0)]
    expect(first.changed(AHEAD)).toBeDefined()
    second.end()
    expect(first.mayRead(AHEAD)).toBe(true)
  })
})
