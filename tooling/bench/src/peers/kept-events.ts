import { EventGenerator, type NexmarkEvent, timeOf } from '@malstrom/app-nexmark'

/** An event with its time, in milliseconds since 1970. */
export interface Timed<E extends NexmarkEvent = NexmarkEvent> {
  readonly event: E
  readonly time: number
}

/** Events that are there before the clock starts, in the forms in which contestants take them. */
export class KeptEvents {
  readonly events: readonly NexmarkEvent[]
  /** Of each event, in milliseconds since 1970. */
  readonly times: Float64Array
  #rows: readonly Timed[] | undefined

  /** Those of the first `count` events that `isKept` is true for. */
  constructor(count: number, isKept: (event: NexmarkEvent) => boolean = () => true) {
    const generator = new EventGenerator('splitmix')
    const events: NexmarkEvent[] = []
    const times = new Float64Array(count)
    for (let id = 0; id < count; id++) {
      const event = generator.event(id)
      if (!isKept(event)) continue
      times[events.length] = timeOf(id)
      events.push(event)
    }
    this.events = events
    this.times = times.subarray(0, events.length)
  }

  /** Objects of event and time, for systems whose rows say everything; made when they are first asked for, before anything counts. */
  get rows(): readonly Timed[] {
    this.#rows ??= this.events.map((event, index) => ({ event, time: this.times[index] as number }))
    return this.#rows
  }
}
