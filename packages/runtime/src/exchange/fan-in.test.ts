import { numberTime, type TimestampAlgebra } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Edge } from './edge.ts'
import { FanIn } from './fan-in.ts'

const time = numberTime as TimestampAlgebra<unknown>
const MAX = Number.POSITIVE_INFINITY

function fanInOf(inputs: number): { fanIn: FanIn; edges: readonly Edge[] } {
  const edges = Array.from({ length: inputs }, () => new Edge(false, time))
  return { fanIn: new FanIn(edges, time, undefined), edges }
}

function takeAll(fanIn: FanIn): unknown[] {
  const taken: unknown[] = []
  for (let item = fanIn.take(); item !== undefined; item = fanIn.take()) {
    if ('count' in item) taken.push(...Array.from(item.values).slice(item.from ?? 0, item.count))
    else if ('epoch' in item) taken.push(`E${String(item.epoch)}`)
    else if ('idle' in item) taken.push(item.idle ? 'idle' : 'awake')
    else taken.push('barrier' in item ? `B${item.barrier.version}` : 'announce')
  }
  return taken
}

describe('FanIn', () => {
  it('merges E42 and E15 to E15, then E78 and E42 to E42', () => {
    const { fanIn, edges } = fanInOf(2)
    edges[0]?.advance(42)
    expect(takeAll(fanIn)).toEqual([])
    edges[1]?.advance(15)
    expect(takeAll(fanIn)).toEqual(['E15'])
    edges[0]?.advance(78)
    expect(takeAll(fanIn)).toEqual([])
    edges[1]?.advance(42)
    expect(takeAll(fanIn)).toEqual(['E42'])
  })

  it('waits for the end of an input of late records, and for nothing before', () => {
    const edges = [new Edge(false, time), new Edge(false, time)]
    const fanIn = new FanIn(edges, time, undefined, false, new Set([1]))
    edges[0]?.advance(5)
    expect(takeAll(fanIn)).toEqual(['E5'])
    edges[1]?.push('late', undefined, 3)
    edges[0]?.advance(MAX)
    expect(takeAll(fanIn)).toEqual([])
    edges[1]?.advance(MAX)
    expect(takeAll(fanIn)).toEqual(['late', `E${MAX}`])
  })

  it('passes nothing on until every input has had an epoch', () => {
    const { fanIn, edges } = fanInOf(3)
    for (const epoch of [1, 2, 3]) {
      edges[0]?.advance(epoch)
      edges[1]?.advance(epoch)
      expect(takeAll(fanIn)).toEqual([])
    }
    edges[2]?.advance(2)
    expect(takeAll(fanIn)).toEqual(['E2'])
  })

  it('does not wait for an input that is idle, until it speaks again', () => {
    const { fanIn, edges } = fanInOf(2)
    edges[0]?.advance(5)
    edges[1]?.idle(true)
    expect(takeAll(fanIn)).toEqual(['E5'])
    edges[0]?.advance(9)
    expect(takeAll(fanIn)).toEqual(['E9'])
    edges[1]?.idle(false)
    edges[1]?.push('late', undefined, 7)
    edges[1]?.advance(7)
    edges[1]?.close()
    expect(takeAll(fanIn)).toEqual(['late'])
    edges[0]?.advance(12)
    expect(takeAll(fanIn)).toEqual([])
    edges[1]?.advance(10)
    expect(takeAll(fanIn)).toEqual(['E10'])
  })

  it('is idle when all inputs are, at the largest of their frontiers, and says so', () => {
    const { fanIn, edges } = fanInOf(3)
    edges[0]?.advance(5)
    edges[0]?.idle(true)
    edges[1]?.advance(8)
    expect(takeAll(fanIn)).toEqual([])
    edges[2]?.advance(MAX)
    expect(takeAll(fanIn)).toEqual(['E8'])
    edges[1]?.advance(6)
    edges[1]?.idle(true)
    expect(takeAll(fanIn)).toEqual(['idle'])
    edges[0]?.idle(false)
    edges[0]?.push('first', undefined, 9)
    edges[0]?.close()
    expect(takeAll(fanIn)).toEqual(['awake', 'first'])
    edges[0]?.advance(9)
    expect(takeAll(fanIn)).toEqual(['E9'])
    edges[0]?.advance(MAX)
    expect(takeAll(fanIn)).toEqual(['idle'])
    edges[1]?.advance(MAX)
    expect(takeAll(fanIn)).toEqual([`E${MAX}`, 'awake'])
  })

  it('remembers who is idle while epochs are held', () => {
    const { fanIn, edges } = fanInOf(1)
    fanIn.hold()
    edges[0]?.advance(3)
    edges[0]?.idle(true)
    expect(takeAll(fanIn)).toEqual([])
    expect(fanIn.release()).toBe(3)
    expect(fanIn.idle).toBe(true)
    edges[0]?.idle(false)
    expect(takeAll(fanIn)).toEqual(['awake'])
  })

  it('does not wait for an input that has ended', () => {
    const { fanIn, edges } = fanInOf(2)
    edges[0]?.advance(MAX)
    for (const epoch of [3, 4, MAX]) {
      edges[1]?.advance(epoch)
      expect(takeAll(fanIn)).toEqual([`E${epoch}`])
    }
  })

  it('takes frames of its inputs in turn', () => {
    const { fanIn, edges } = fanInOf(2)
    edges.forEach((edge, input) => {
      for (let n = 0; n < 3; n++) {
        edge.push(`${input}.${n}`, undefined, n)
        edge.close()
      }
    })
    expect(takeAll(fanIn)).toEqual(['0.0', '1.0', '0.1', '1.1', '0.2', '1.2'])
    expect(fanIn.take()).toBeUndefined()
  })

  it('never breaks the promise of an epoch, repeats none, and keeps the order of every input (model test)', () => {
    const action = fc.record({ input: fc.nat(2), do: fc.constantFrom('push', 'advance', 'close', 'take') })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(action, { maxLength: 80 }), (inputs, actions) => {
        const { fanIn, edges } = fanInOf(inputs)
        const clocks = edges.map(() => 0)
        const pushed: string[][] = edges.map(() => [])
        const came: string[][] = edges.map(() => [])
        let frontier = Number.NEGATIVE_INFINITY
        const drain = (all: boolean) => {
          for (let item = fanIn.take(); item !== undefined; item = all ? fanIn.take() : undefined) {
            if (!('count' in item)) {
              if (!('epoch' in item)) throw new Error('nobody sent a barrier')
              expect(item.epoch).toBeGreaterThan(frontier)
              frontier = item.epoch as number
              continue
            }
            for (let i = item.from ?? 0; i < item.count; i++) {
              expect(item.timestamps[i]).toBeGreaterThan(frontier)
              const [input] = String(item.values[i]).split('.')
              came[Number(input)]?.push(String(item.values[i]))
            }
          }
        }
        for (const step of actions) {
          const input = step.input % inputs
          const edge = edges[input] as Edge
          if (step.do === 'push') {
            const now = (clocks[input] as number) + 1
            clocks[input] = now
            edge.push(`${input}.${now}`, undefined, now)
            pushed[input]?.push(`${input}.${now}`)
          } else if (step.do === 'advance') edge.advance(clocks[input])
          else if (step.do === 'close') edge.close()
          else drain(false)
        }
        for (const edge of edges) {
          edge.advance(MAX)
          edge.close()
        }
        drain(true)
        expect(came).toEqual(pushed)
        expect(frontier).toBe(MAX)
      }),
      { numRuns: 300 },
    )
  })
})
