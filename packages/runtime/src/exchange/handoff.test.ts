import type { GraphNode, Key, Link, LinkEvents, OperatorNode, WorkerId } from '@malstrom/core'
import { rendezvousSelect } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Reroute } from '../snapshot/barrier.ts'
import { KeyedCells } from '../state/keyed-cells.ts'
import type { OpenOperator } from '../worker/open-operator.ts'
import type { Frame } from './frame.ts'
import { Handoff } from './handoff.ts'
import { HandoffLink } from './handoff-link.ts'

/** So many that the blocks of their states need more credit than there is. */
const KEYS = 15_000
const OFTEN = 31
const REROUTE = { version: 2, from: [0, 1], to: [0, 1, 2] } as const
const ONE_TO_TWO = { version: 2, from: [0], to: [0, 1] } as const
const keying = { role: 'operator', kind: 'keyDistribute', keyed: true, inputs: [], exchange: { partitioner: rendezvousSelect } }
const node = { role: 'operator', keyed: true, inputs: [{ node: keying as unknown as GraphNode, output: 0 }] } as unknown as OperatorNode

/** Two ends of a link; what is sent arrives when a schedule says so. */
class Pipe {
  readonly ends: [HandoffLink, HandoffLink]
  readonly #inFlight: [Uint8Array[], Uint8Array[]] = [[], []]
  readonly #inbox: [Uint8Array[], Uint8Array[]] = [[], []]

  constructor() {
    const events = { arrived() {}, wake() {}, failed() {} }
    this.ends = [new HandoffLink(this.#opener(0), events), new HandoffLink(this.#opener(1), events)]
  }

  deliver(to: 0 | 1, count: number): void {
    this.#inbox[to].push(...this.#inFlight[to].splice(0, count))
    this.ends[to].receive()
  }

  #opener(end: 0 | 1): (events: LinkEvents) => Link {
    const other = end === 0 ? 1 : 0
    return () =>
      ({
        send: (bytes) => void this.#inFlight[other].push(new Uint8Array(bytes)),
        receive: () => this.#inbox[end].shift(),
        queuedBytes: 0,
      }) as Link
  }
}

/** A worker whose operators count the records of each key; the second one knows odd keys only. */
class Peer {
  readonly operators: OpenOperator[]
  readonly handoff: Handoff
  /** The records of each key, in the order in which they met its state. */
  readonly seen: number[][] = Array.from({ length: KEYS }, () => [])

  constructor(
    self: WorkerId,
    operators: number,
    saved: readonly number[],
    linkOf: (worker: WorkerId) => HandoffLink,
    reroute: Reroute = REROUTE,
  ) {
    this.operators = Array.from({ length: operators }, (_, index) => {
      const cells = new KeyedCells<Key, unknown>()
      for (const key of saved) if (index === 0 || key % 2 === 1) cells.set(key, 1_000 * index)
      return { node, cells, fused: {} } as unknown as OpenOperator
    })
    this.handoff = new Handoff({
      self,
      reroute,
      operators: this.operators,
      route: { partitioner: rendezvousSelect, keyOf: undefined },
      linkOf,
      standing: { frontier: undefined, sent: [], own: [] },
      keyed: true,
    })
  }

  /** Lets everything go on that may. */
  run(frame: Frame | undefined): void {
    for (let released = this.handoff.takeReleased(); released !== undefined; released = this.handoff.takeReleased()) this.#process(released)
    const admitted = frame && this.handoff.admit(frame)
    if (admitted !== undefined) this.#process(admitted)
  }

  #process({ values, keys, from = 0, count }: Frame): void {
    for (let i = from; i < count; i++) {
      const key = keys?.[i] as number
      this.seen[key]?.push(values[i] as number)
      this.operators.forEach(({ cells }, index) => {
        if (index === 0 || key % 2 === 1) cells?.set(key, ((cells.get(key) as number | undefined) ?? 1_000 * index) + 1)
      })
    }
  }
}

const step = fc.record({
  worker: fc.nat(2),
  /** Records for a worker: these keys, where they belong to it. */
  keys: fc.array(
    fc.oneof(
      fc.nat(KEYS - 1),
      fc.nat(OFTEN).map((n) => n * Math.floor(KEYS / (OFTEN + 1))),
    ),
    { maxLength: 60 },
  ),
  slices: fc.nat(4),
  deliver: fc.nat(3),
})

describe('Handoff', () => {
  it.each([1, 2])(
    'brings records and states together, once each and in order, with %i operators (property test)',
    { timeout: 60_000 },
    (operators) => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 40, maxLength: 120 }), fc.integer({ min: KEYS / 2, max: KEYS }), (steps, known) => {
          const pipes = [new Pipe(), new Pipe(), new Pipe()]
          const pipeOf = (a: number, b: number) => pipes[a + b - 1] as Pipe
          const peers = [0, 1, 2].map((self) => {
            const saved = Array.from({ length: known }, (_, key) => key).filter((key) => rendezvousSelect(key, REROUTE.from) === self)
            return new Peer(self, operators, saved, (worker) => pipeOf(self, worker).ends[self < worker ? 0 : 1])
          })
          const sent: number[][] = Array.from({ length: KEYS }, () => [])
          let next = 0
          const deliver = (to: number, count: number) => {
            for (const other of [0, 1, 2]) if (other !== to) pipeOf(to, other).deliver(to < other ? 0 : 1, count)
          }
          for (const { worker, keys, slices, deliver: count } of steps) {
            const peer = peers[worker] as Peer
            const own = keys.filter((key) => rendezvousSelect(key, REROUTE.to) === worker)
            const values = own.map((key) => {
              sent[key]?.push(next)
              return next++
            })
            deliver(worker, count)
            peer.run({ values, keys: own, timestamps: own, start: 0, count: own.length })
            for (let n = 0; n < slices; n++) peer.handoff.slice()
          }
          for (let round = 0; round < 200 && !peers.every(({ handoff }) => handoff.complete); round++) {
            for (const [worker, peer] of peers.entries()) {
              deliver(worker, 10)
              while (peer.handoff.slice());
              peer.run(undefined)
            }
          }
          expect(peers.map(({ handoff }) => handoff.complete)).toEqual([true, true, true])
          const wrong: string[] = []
          for (let key = 0; key < KEYS; key++) {
            const owner = rendezvousSelect(key, REROUTE.to)
            const all = sent[key] ?? []
            for (const [worker, { seen, operators: each }] of peers.entries()) {
              if (String(seen[key]) !== String(worker === owner ? all : [])) wrong.push(`${worker} saw ${seen[key]} of ${key}`)
              each.forEach(({ cells }, index) => {
                const has = worker === owner && (key < known || all.length > 0) && (index === 0 || key % 2 === 1)
                if (cells?.get(key) !== (has ? 1_000 * index + all.length : undefined))
                  wrong.push(`${worker} has ${cells?.get(key)} of ${key}`)
              })
            }
          }
          expect(wrong).toEqual([])
        }),
        { numRuns: 25 },
      )
    },
  )

  it('brings the states first of which records wait', () => {
    const pipe = new Pipe()
    const keys = Array.from({ length: KEYS }, (_, key) => key)
    const old = new Peer(0, 2, keys, () => pipe.ends[0], ONE_TO_TWO)
    const joined = new Peer(1, 2, [], () => pipe.ends[1], ONE_TO_TWO)
    const last = keys.findLast((key) => key % 2 === 1 && rendezvousSelect(key, ONE_TO_TWO.to) === 1) as number
    joined.run({ values: [7], keys: [last], timestamps: [0], start: 0, count: 1 })
    expect(joined.seen[last]).toEqual([])
    pipe.deliver(0, 1)
    old.handoff.slice()
    pipe.deliver(1, 100)
    while (joined.handoff.slice());
    joined.run(undefined)
    expect(joined.seen[last]).toEqual([7])
    expect(joined.operators.map(({ cells }) => cells?.get(last))).toEqual([1, 1_001])
    expect(joined.handoff.complete).toBe(false)
  })

  it('takes what has come while it still looks at its own states', () => {
    const pipe = new Pipe()
    const [stays, leaves] = [0, 1].map((self) => {
      const saved = Array.from({ length: KEYS }, (_, key) => key).filter((key) => rendezvousSelect(key, [0, 1]) === self)
      return { saved, peer: new Peer(self, 1, saved, () => pipe.ends[self] as HandoffLink, { version: 2, from: [0, 1], to: [0] }) }
    }) as [{ peer: Peer }, { peer: Peer; saved: number[] }]
    const moved = leaves.saved.at(-1) as number
    stays.peer.run({ values: [7], keys: [moved], timestamps: [0], start: 0, count: 1 })
    pipe.deliver(1, 1)
    leaves.peer.handoff.slice()
    pipe.deliver(0, 100)
    // The state that was asked for, and that everything has come of it; its own states take many more slices.
    for (let n = 0; n < 3; n++) stays.peer.handoff.slice()
    stays.peer.run(undefined)
    expect(stays.peer.seen[moved]).toEqual([7])
  })
})
