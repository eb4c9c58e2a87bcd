import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Dice } from './dice.ts'
import { type SimulatedProcess, World } from './world.ts'

const STATES = ['running', 'frozen', 'dead'] as const

interface Waiting {
  readonly number: number
  readonly atMs: number
  readonly process: SimulatedProcess | undefined
}

/** The rule of the world in the plainest words: the dice choose among what is due at the earliest time at which anything is. */
function choose(waiting: Waiting[], nowMs: number, dice: Dice): { event: Waiting; nowMs: number } | undefined {
  const possible = waiting.filter(({ process }) => process === undefined || process.state === 'running')
  if (possible.length === 0) return undefined
  const now = Math.max(nowMs, Math.min(...possible.map(({ atMs }) => atMs)))
  const event = dice.pick(possible.filter(({ atMs }) => atMs <= now))
  waiting.splice(waiting.indexOf(event), 1)
  return { event, nowMs: now }
}

const event = fc.record({ delayMs: fc.constantFrom(0, 0.5, 1, 2, 7), process: fc.integer({ min: 0, max: 4 }) })
/** What happens while an event runs: a process gets another state, and events are scheduled. */
const change = fc.record({ process: fc.nat(3), state: fc.constantFrom(...STATES), events: fc.array(event, { maxLength: 3 }) })

describe('the simulated world', () => {
  it('runs the events that the dice choose among those that are due (property test)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(event, { maxLength: 20 }), fc.array(change), async (seed, first, changes) => {
        const world = new World(seed)
        const dice = new Dice(seed)
        const processes: SimulatedProcess[] = [1, 2, 3, 4].map((id) => ({ id, state: 'running' }))
        const waiting: Waiting[] = []
        const happened: number[] = []
        let numbers = 0
        let happening = 0
        const schedule = ({ delayMs, process: which }: { delayMs: number; process: number }) => {
          const number = numbers++
          const process = which === 4 ? undefined : processes[which]
          waiting.push({ number, atMs: world.nowMs + delayMs, process })
          world.schedule(process, `event ${number}`, delayMs, () => {
            happened.push(number)
            const { process: changed, state, events } = changes[happening++] ?? { process: 0, state: undefined, events: [] }
            const target = processes[changed] as SimulatedProcess
            // The dead stay dead.
            if (state !== undefined && target.state !== 'dead') target.state = state
            for (const each of events) schedule(each)
          })
        }
        for (const each of first) schedule(each)
        for (;;) {
          const expected = choose(waiting, world.nowMs, dice)
          expect(await world.step()).toBe(expected !== undefined)
          if (expected === undefined) break
          expect(happened.at(-1)).toBe(expected.event.number)
          expect(world.nowMs).toBe(expected.nowMs)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('knows when only events of one kind are awaited, whatever the dead wait for', () => {
    const world = new World(1)
    const [alive, dead]: SimulatedProcess[] = [
      { id: 1, state: 'running' },
      { id: 2, state: 'dead' },
    ]
    world.schedule(alive, 'a heartbeat', 5, () => {})
    world.schedule(dead, 'a frame', 5, () => {})
    expect(world.awaitsOnly('a heartbeat')).toBe(true)
    const cancel = world.schedule({ id: 3, state: 'frozen' }, 'a frame', 5, () => {})
    expect(world.awaitsOnly('a heartbeat')).toBe(false)
    cancel()
    expect(world.awaitsOnly('a heartbeat')).toBe(true)
  })

  it('lets everything that a step has settled be heard of before the next one', async () => {
    const world = new World(1, { turnEvery: 64 })
    const heard: string[] = []
    world.schedule(undefined, 'first', 0, async () => {
      for (let hop = 0; hop < 50; hop++) await undefined
      heard.push('first')
    })
    world.schedule(undefined, 'second', 1, () => heard.push('second'))
    while (await world.step()) heard.push('step')
    expect(heard).toEqual(['first', 'step', 'second', 'step'])
  })
})
