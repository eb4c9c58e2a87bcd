import { setTimeout as delay } from 'node:timers/promises'
import { MalstromError, numberTime, type Source, type SourceOutput, type SourcePartition, type SourceStatus } from '@malstrom/core'
import type { EpochGenerator } from 'malstrom'
import { Alignment } from './alignment.ts'
import { EventGenerator, firstEventAt, timeOf } from './event-generator.ts'
import type { NexmarkEvent } from './events.ts'
import type { ReadingHooks } from './reading-hooks.ts'
import type { SeedingName } from './seeding.ts'
import { beginOf } from './slices.ts'

/** Consecutive events change places by steps of this prime. */
export const STRIDE = 953
/** The events of a slice. */
const SLICE_EVENTS = firstEventAt(beginOf(1))
/** Event time between two epochs of a partition. */
const EPOCH_STEP_MS = 100
/** How soon a partition that is held by the control of the run looks again. */
const LOOK_AGAIN_MS = 1

export interface EventOptions {
  /** How many events there are. */
  readonly events: number
  readonly seed: SeedingName
  /** Events come out of order within groups of so many: 1 for events in order. No multiple of 953. */
  readonly outOfOrder: number
  /** How many generators there are, which share the events. They may run on different workers. */
  readonly partitions: number
  /** A partition reads about so many events in a row before the others' come. @default 10,000: those of a slice */
  readonly blockEvents?: number | undefined
}

type AllOptions = EventOptions & { readonly blockEvents: number }

/** Where a generator stands: in which group of events, and how many of it are done. */
export interface EventPosition {
  /** The first event of the group. */
  readonly group: number
  readonly done: number
}

/**
 * The events of Nexmark, the same whatever the order and however many partitions: with `outOfOrder` G, the nth event of a group of G
 * is the one with number `n * 953 mod G`. An incomplete last group has the events below `events`.
 */
export function eventSource(options: EventOptions, hooks: ReadingHooks = {}): Source<NexmarkEvent, number, number, EventPosition> {
  const { blockEvents = SLICE_EVENTS } = options
  const all: AllOptions = { ...options, blockEvents }
  checkOptions(all)
  return {
    time: numberTime,
    listPartitions: () => Array.from({ length: all.partitions }, (_, partition) => partition),
    openPartition: (partition, position) => new EventPartition(all, partition, position, hooks),
  }
}

/**
 * The epochs of a partition, every 100 ms of event time: Nexmark's watermark, the time of the first event of the group. A watermark
 * says that nothing before it follows, and an epoch that nothing at or before it does, so an epoch is a millisecond less.
 */
export function eventEpochs(outOfOrder: number): EpochGenerator<NexmarkEvent, number> {
  return (_event, timestamp, previous) => {
    if (previous !== undefined && timestamp < previous + EPOCH_STEP_MS) return undefined
    const event = firstEventAt(timestamp)
    const epoch = timeOf(event - (event % outOfOrder)) - 1
    return previous !== undefined && epoch < previous + EPOCH_STEP_MS ? undefined : epoch
  }
}

class EventPartition implements SourcePartition<NexmarkEvent, number, EventPosition> {
  readonly #generator: EventGenerator
  readonly #events: number
  readonly #groupEvents: number
  readonly #blockEvents: number
  readonly #stride: number
  /** Events of the blocks that other partitions read between two of this one's. */
  readonly #elsewhere: number
  readonly #partition: number
  readonly #hooks: ReadingHooks
  readonly #alignment: Alignment | undefined
  #begun = false
  #group: number
  #done: number
  /** The place within the group of the next event. */
  #place: number
  // Used again for each poll.
  readonly #values: NexmarkEvent[] = []
  #timestamps = new Float64Array(0)

  constructor(options: AllOptions, partition: number, position: EventPosition | undefined, hooks: ReadingHooks) {
    this.#generator = new EventGenerator(options.seed)
    this.#events = options.events
    this.#groupEvents = options.outOfOrder
    this.#blockEvents = Math.ceil(options.blockEvents / options.outOfOrder) * options.outOfOrder
    this.#stride = STRIDE % options.outOfOrder
    this.#elsewhere = (options.partitions - 1) * this.#blockEvents
    this.#partition = partition
    this.#hooks = hooks
    this.#group = position?.group ?? partition * this.#blockEvents
    this.#done = position?.done ?? 0
    const { alignment } = hooks
    this.#alignment = alignment === undefined ? undefined : new Alignment(alignment, partition, this.#block)
    this.#place = (this.#done * this.#stride) % this.#groupEvents
  }

  poll(output: SourceOutput<NexmarkEvent, number>, limit: number): SourceStatus {
    if (!this.#begun) this.#hooks.begun?.()
    this.#begun = true
    if (this.#alignment?.mayRead(this.#block) === false) return 'idle'
    const { control } = this.#hooks
    const allowed = control === undefined ? limit : control.allowed(this.#partition, this.#group + this.#done, limit)
    if (allowed === 0) return 'idle'
    if (this.#timestamps.length < limit) this.#timestamps = new Float64Array(limit)
    const count = this.#fill(allowed)
    output.emitAll(this.#values, 0, count, this.#timestamps)
    if (this.#group < this.#events) return 'more'
    this.#alignment?.end()
    control?.ended(this.#partition)
    return 'finished'
  }

  async ready(): Promise<void> {
    await (this.#alignment?.changed(this.#block) ?? delay(LOOK_AGAIN_MS))
  }

  snapshot(): EventPosition {
    return { group: this.#group, done: this.#done }
  }

  close(): void {}

  /** How many blocks of its own the partition has read. */
  get #block(): number {
    return Math.floor(this.#group / (this.#blockEvents + this.#elsewhere))
  }

  #fill(limit: number): number {
    const events = this.#events
    const generator = this.#generator
    const values = this.#values
    const timestamps = this.#timestamps
    let count = 0
    while (count < limit && this.#group < events) {
      const id = this.#group + this.#place
      if (id < events) {
        values[count] = generator.event(id)
        timestamps[count] = timeOf(id)
        count++
      }
      this.#advance()
    }
    return count
  }

  #advance(): void {
    const groupEvents = this.#groupEvents
    this.#place += this.#stride
    if (this.#place >= groupEvents) this.#place -= groupEvents
    if (++this.#done < groupEvents) return
    this.#done = 0
    this.#place = 0
    this.#group += groupEvents
    if (this.#group % this.#blockEvents === 0) this.#group += this.#elsewhere
  }
}

function checkOptions({ events, seed, outOfOrder, partitions, blockEvents }: AllOptions): void {
  check(Number.isInteger(events) && events >= 1 && events <= 2 ** 40, `events is a whole number from 1 to 2^40, not ${events}`)
  check(seed === 'java' || seed === 'splitmix', `seed is java or splitmix, not ${String(seed)}`)
  check(
    Number.isInteger(outOfOrder) && outOfOrder >= 1 && outOfOrder <= 1_000_000 && (outOfOrder === 1 || outOfOrder % STRIDE !== 0),
    `outOfOrder is a whole number from 1 to 1,000,000 and no multiple of ${STRIDE}, by whose steps events change places, not ${outOfOrder}`,
  )
  check(
    Number.isInteger(partitions) && partitions >= 1 && partitions <= 1_024,
    `partitions is a whole number from 1 to 1024, not ${partitions}`,
  )
  check(
    Number.isInteger(blockEvents) && blockEvents >= 1 && blockEvents <= 2 ** 30,
    `blockEvents is a whole number from 1 to 2^30, not ${blockEvents}`,
  )
}

function check(right: boolean, message: string): void {
  if (!right) throw new MalstromError('ERR_OPERATOR_ARGUMENT', `Nexmark: ${message}.`)
}
