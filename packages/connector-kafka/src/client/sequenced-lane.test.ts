import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordsToBatch } from '../fixture/batches.ts'
import type { BatchProducer } from '../record-batch/seal-batch.ts'
import { kafkaError } from './kafka-error.ts'
import type { UnsealedBatch } from './kafka-port.ts'
import type { LaneBroker } from './lane-requests.ts'
import { SequencedLane } from './sequenced-lane.ts'
import type { ProducerIdentity } from './wire/transactions.ts'

const NOT_LEADER = 6
const NOT_COORDINATOR = 16
const TOO_LARGE = 10
const OUT_OF_ORDER = 45
const FENCED = 47
const INVALID_STATE = 48
const CONCURRENT = 51
const DENIED = 53

type Planned = number | Error

/** Does what it is told to, request by request, and otherwise what a broker does. */
class PlannedBroker implements LaneBroker {
  readonly plans: Record<'init' | 'add' | 'prepare' | 'produce' | 'end', Planned[]> = {
    init: [],
    add: [],
    prepare: [],
    produce: [],
    end: [],
  }
  readonly log: number[] = []
  readonly requests: string[] = []
  epoch = -1
  inFlight = 0
  inFlightMax = 0
  #next = 0
  #known = false

  async init() {
    this.requests.push('init')
    const error = this.#planned('init')
    if (error === 0) this.epoch++
    return { error, producer: { id: 1n, epoch: this.epoch } }
  }

  async addPartition(_: ProducerIdentity, topic: string, partition: number): Promise<number> {
    this.requests.push(`add ${topic}/${partition}`)
    return this.#planned('add')
  }

  async prepare(): Promise<void> {
    this.#planned('prepare')
  }

  async produce({ sequence }: BatchProducer, _topic: string, _partition: number, batch: UnsealedBatch): Promise<number> {
    this.inFlightMax = Math.max(this.inFlightMax, ++this.inFlight)
    const error = this.#planned('produce')
    // Decided as it arrives, answered later.
    const answer = error !== 0 ? error : this.#append(sequence, batch)
    await new Promise(setImmediate)
    this.inFlight--
    return answer
  }

  async end(_: ProducerIdentity, commit: boolean): Promise<number> {
    this.requests.push(commit ? 'commit' : 'abort')
    return this.#planned('end')
  }

  forgetCoordinator(): void {
    this.requests.push('forget coordinator')
  }

  forgetLeader(): void {
    this.requests.push('forget leader')
  }

  #append(sequence: number, batch: UnsealedBatch): number {
    // As Kafka: a producer that it does not know may begin anywhere.
    if (this.#known && sequence !== this.#next) return OUT_OF_ORDER
    this.#known = true
    this.#next = sequence + batch.count
    this.log.push(sequence)
    return 0
  }

  #planned(request: keyof PlannedBroker['plans']): number {
    const planned = this.plans[request].shift() ?? 0
    if (planned instanceof Error) throw planned
    return planned
  }
}

const unreachable = () => kafkaError('Kafka: broker:1 cannot be reached.', { reason: 'ECONNREFUSED', retriable: true })
const noAnswer = () => kafkaError('Kafka: broker:1 did not answer.', { reason: 'timeout', retriable: true }, undefined, 'unknown')

function laneOver(broker: LaneBroker, patienceMs = 300): SequencedLane {
  return new SequencedLane(broker, { transactionalId: 'lane', timeoutMs: 1_000, patienceMs, signal: new AbortController().signal })
}

const batch = recordsToBatch(Array.from({ length: 3 }, () => ({ key: undefined, value: new Uint8Array(1), timestamp: 0, headers: [] })))
const writeMany = (lane: SequencedLane, count: number) => Promise.all(Array.from({ length: count }, () => lane.write('t', 0, batch)))

describe('a lane', () => {
  it('numbers the records, keeps the order, and has no more on its way than a broker remembers', async () => {
    const broker = new PlannedBroker()
    const lane = laneOver(broker)
    await lane.fence()
    expect((await writeMany(lane, 20)).every(({ outcome }) => outcome === 'ok')).toBe(true)
    expect(await lane.end(true)).toEqual({ outcome: 'ok' })
    expect(broker.log).toEqual(Array.from({ length: 20 }, (_, i) => 3 * i))
    expect(broker.inFlightMax).toBe(5)
    expect(broker.requests).toEqual(['init', 'add t/0', 'commit'])
  })

  it('needs a fence before a transaction, and one more before the next', async () => {
    const lane = laneOver(new PlannedBroker())
    const noFence = { outcome: 'unknown', reason: 'no fence yet' }
    expect(await lane.write('t', 0, batch)).toEqual(noFence)
    await lane.fence()
    await lane.write('t', 0, batch)
    expect(await lane.end(true)).toEqual({ outcome: 'ok' })
    expect(await lane.write('t', 0, batch)).toEqual(noFence)
    expect(await lane.end(true)).toEqual(noFence)
  })

  it('ends a transaction without a write without a request', async () => {
    const broker = new PlannedBroker()
    const lane = laneOver(broker)
    await lane.fence()
    expect(await lane.end(true)).toEqual({ outcome: 'ok' })
    expect(broker.requests).toEqual(['init'])
  })

  it('asks for an epoch until there is one', async () => {
    const broker = new PlannedBroker()
    broker.plans.init.push(CONCURRENT, NOT_COORDINATOR, unreachable(), noAnswer(), FENCED, CONCURRENT)
    await laneOver(broker, 5_000).fence()
    expect(broker.epoch).toBe(0)
    expect(broker.requests).toContain('forget coordinator')
  })

  it('gives up when that takes too long, and at once where waiting does not help', async () => {
    const broker = new PlannedBroker()
    broker.plans.init.push(...new Array<number>(1_000).fill(CONCURRENT))
    const lane = laneOver(broker, 100)
    await expect(lane.fence()).rejects.toThrow('the transactional id "lane" has no new epoch (CONCURRENT_TRANSACTIONS)')
    expect((await lane.write('t', 0, batch)).outcome).toBe('unknown')
    const denied = new PlannedBroker()
    denied.plans.init.push(DENIED)
    await expect(laneOver(denied).fence()).rejects.toThrow('Give the user the right to this transactional id.')
  })

  it.each<[name: string, request: 'add' | 'produce' | 'end', planned: Planned, outcome: string]>([
    ['another owner has come while a partition is added', 'add', FENCED, 'fenced'],
    ['another owner has come while a batch is written', 'produce', FENCED, 'fenced'],
    ['another owner has come while it commits', 'end', FENCED, 'fenced'],
    ['the transaction timed out while it commits', 'end', INVALID_STATE, 'fenced'],
    ['no answer comes to a batch', 'produce', noAnswer(), 'unknown'],
    ['no answer comes to the commit', 'end', noAnswer(), 'unknown'],
  ])('answers for ever what it answered when %s, until the next fence', async (_, request, planned, outcome) => {
    const broker = new PlannedBroker()
    broker.plans[request].push(planned)
    const lane = laneOver(broker)
    await lane.fence()
    const writes = await writeMany(lane, 8)
    const ended = await lane.end(true)
    expect(ended.outcome).toBe(outcome)
    if (request !== 'end') expect(writes.at(-1)?.outcome).toBe(outcome)
    expect((await lane.write('t', 0, batch)).outcome).toBe(outcome)
    expect((await lane.end(true)).outcome).toBe(outcome)
    expect(broker.requests.filter((made) => made === 'commit').length).toBe(request === 'end' ? 1 : 0)
  })

  it('rejects what can never be written', async () => {
    const broker = new PlannedBroker()
    broker.plans.produce.push(0, TOO_LARGE)
    const lane = laneOver(broker)
    await lane.fence()
    await lane.write('t', 0, batch)
    await expect(lane.write('t', 0, batch)).rejects.toThrow('cannot write to t/0 (MESSAGE_TOO_LARGE). Make the records smaller')
    expect((await lane.end(true)).outcome).toBe('unknown')
  })

  it('commits again if the coordinator has moved, or was not reached', async () => {
    const broker = new PlannedBroker()
    broker.plans.end.push(NOT_COORDINATOR, unreachable(), CONCURRENT)
    const lane = laneOver(broker, 5_000)
    await lane.fence()
    await lane.write('t', 0, batch)
    expect(await lane.end(true)).toEqual({ outcome: 'ok' })
  })

  it('answers writes that wait when it is fenced anew', async () => {
    const broker = new PlannedBroker()
    const lane = laneOver(broker)
    await lane.fence()
    const waiting = writeMany(lane, 20)
    await lane.fence()
    expect((await waiting).at(-1)).toEqual({ outcome: 'unknown', reason: 'no fence yet' })
  })

  it('sends again to the next leader what was refused, each once and in order, wherever it was refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 25 }), fc.integer({ min: 1, max: 20 }), async (refusals, count) => {
        const broker = new PlannedBroker()
        broker.plans.produce.push(...refusals.map((refused) => (refused ? NOT_LEADER : 0)))
        broker.plans.prepare.push(0, unreachable())
        const lane = laneOver(broker, 60_000)
        await lane.fence()
        const answers = await writeMany(lane, count)
        expect(answers.every(({ outcome }) => outcome === 'ok')).toBe(true)
        expect(broker.log).toEqual(Array.from({ length: count }, (_, i) => 3 * i))
      }),
      { numRuns: 25, interruptAfterTimeLimit: 8_000 },
    )
  }, 20_000)

  it('does not send again for ever', async () => {
    const broker = new PlannedBroker()
    broker.plans.produce.push(...new Array<number>(1_000).fill(NOT_LEADER))
    const lane = laneOver(broker, 100)
    await lane.fence()
    expect((await writeMany(lane, 7)).map(({ outcome }) => outcome)).toEqual(new Array(7).fill('unknown'))
  })
})
