import { assert, type SnapshotVersion } from '@malstrom/core'
import type { TaskBody } from '../compile/task-body.ts'
import type { FanIn } from '../exchange/fan-in.ts'
import type { Frame, Item, Outlet } from '../exchange/frame.ts'
import type { Handoff } from '../exchange/handoff.ts'
import type { Barrier } from '../snapshot/barrier.ts'
import type { BarrierFilter } from '../snapshot/barrier-filter.ts'
import type { PartitionFrontiers } from '../source/partition-frontiers.ts'
import type { SourceStation } from '../source/source-station.ts'
import type { Environment } from './environment.ts'
import type { Gate } from './gate.ts'
import type { WakingOperators } from './waking-operators.ts'

/** Where the frames of a task come from. */
export type TaskInput =
  | { readonly from: 'source'; readonly station: SourceStation; readonly frontiers: PartitionFrontiers | undefined; readonly end: unknown }
  | { readonly from: 'edges'; readonly fanIn: FanIn; readonly barriers: BarrierFilter; readonly feeders: readonly Task[] }
  | { readonly from: 'exchange'; readonly fanIn: FanIn; readonly barriers: BarrierFilter }

export interface TaskOptions {
  readonly gate: Gate
  readonly input: TaskInput
  readonly outputs: readonly Outlet[]
  readonly body: TaskBody
  readonly waking: WakingOperators
  /** Whether it had come to its end in the snapshot that is restored. */
  readonly ended: boolean
  /** Whether the graph runs on several workers. */
  readonly distributed: boolean
  /** Whether some of its records have not been through an exchange. */
  readonly beforeExchange: boolean
  /** Whether its worker takes part only from the next marker on. */
  readonly joining: boolean
}

/** One task on one worker: takes a frame, runs it, and hands on what came out. */
export class Task {
  readonly gate: Gate
  readonly #input: TaskInput
  readonly #outputs: readonly Outlet[]
  readonly #body: TaskBody
  readonly #waking: WakingOperators
  readonly #distributed: boolean
  readonly #beforeExchange: boolean
  readonly #dueTicks: (() => void)[] = []
  readonly #cancelTicks: (() => void)[] = []
  /** The frame during which the gate closed, and the record at which to go on. */
  #paused: { readonly frame: Frame; readonly from: number } | undefined
  #closedEdges = 0
  #ended: boolean
  /** Whether the operators have been told of the end of a source. */
  #toldEnd: boolean
  /** A snapshot barrier that is to go out with the next step of a source. */
  #barrier: Barrier | undefined
  /** Takes no more from the source, because the job is going to stop. */
  #halted: boolean
  /** Epochs have to be told to other workers once more: after a start and after a rescale. */
  #mustAnnounce: boolean
  /** Whether everything that feeds it has told its own. */
  #feedersAnnounced = false
  #handoff: Handoff | undefined
  /** A marker that waits until nothing is under way that could not move. */
  #marker: Barrier | undefined
  /** The last barrier of a job that stops has passed: what comes of operators belongs to its next start. */
  #done = false
  /** Whether nothing is to be expected from the input. */
  #idle = false
  /** Called when a barrier passes, between the records before it and those after it. */
  passed: (barrier: Barrier) => void = () => {}
  /** Called after that if the barrier reroutes: begins what the rescale means for this task. */
  reroute: (barrier: Barrier) => Handoff | undefined = () => undefined

  constructor({ gate, input, outputs, body, waking, ended, distributed, beforeExchange, joining }: TaskOptions) {
    this.#beforeExchange = beforeExchange
    this.gate = gate
    this.#input = input
    this.#outputs = outputs
    this.#body = body
    this.#waking = waking
    this.#distributed = distributed
    this.#ended = ended && (!distributed || input.from === 'source')
    this.#toldEnd = ended
    this.#mustAnnounce = distributed && !joining
    this.#halted = joining
  }

  /** Whether the input has ended and everything of it has been processed. */
  get ended(): boolean {
    return this.inputEnded && !this.#waking.pending
  }

  /** Whether the operators have been told that the input has ended; results of theirs may still come. */
  get inputEnded(): boolean {
    return this.#ended && this.#handoff === undefined
  }

  /** Whether it takes no records, because something it writes to is full or one of its operators holds it. */
  get stalled(): boolean {
    return this.gate.closed || this.#waking.held
  }

  get readsSource(): boolean {
    return this.#input.from === 'source'
  }

  /** Where the frames come from. */
  get input(): TaskInput {
    return this.#input
  }

  /** The last epoch sent over each output. */
  get sent(): readonly unknown[] {
    return this.#outputs.map(({ frontier }) => frontier)
  }

  /** The part of a rescale that this task still has to do. */
  get handoff(): Handoff | undefined {
    return this.#handoff
  }

  /** Sends a snapshot barrier after what has been read so far. Only for tasks that read a source. */
  send(barrier: Barrier): void {
    this.#barrier = barrier
  }

  /** Snapshot `version`, the last one that was begun, is abandoned: the task goes on as if it had never been asked. */
  abandon(version: SnapshotVersion): void {
    const input = this.#input
    this.#barrier = undefined
    this.#done = false
    if (input.from === 'source') this.#halted = false
    else input.barriers.abandon(version)
  }

  startTicks(environment: Environment, wake: () => void): void {
    this.#waking.start()
    this.#body.ticks.forEach(({ everyMs, run }, index) => {
      const schedule = () => {
        this.#cancelTicks[index] = environment.after(everyMs, () => {
          if (!this.#dueTicks.includes(run)) this.#dueTicks.push(run)
          schedule()
          wake()
        })
      }
      schedule()
    })
  }

  stopTicks(): void {
    this.#waking.stop()
    for (const cancel of this.#cancelTicks) cancel()
  }

  /** Does a bounded piece of work; returns false if there is nothing to do now. */
  step(): boolean {
    this.#updateGate()
    if (this.gate.closed) return false
    const worked = this.#work()
    if (worked) for (let i = 0; i < this.#outputs.length; i++) this.#outputs[i]?.close()
    return worked
  }

  #work(): boolean {
    if (this.#paused !== undefined) {
      const { frame, from } = this.#paused
      this.#paused = undefined
      this.#runFrame(frame, from)
      return true
    }
    if (!this.#done && this.#waking.runDue()) {
      this.#tellIdle(this.#idle)
      return true
    }
    if (this.#marker !== undefined) {
      if (this.#waking.inFlight) return false
      const marker = this.#marker
      this.#marker = undefined
      this.#passNow(marker)
      return true
    }
    if (this.#dueTicks.length > 0 && !this.#ended) {
      for (const run of this.#dueTicks.splice(0)) run()
      return true
    }
    if (this.#mustAnnounce && this.#canAnnounce()) {
      this.#announce()
      return true
    }
    if (this.#handoff?.awaitsReplicas) return false
    return this.#input.from === 'source' ? this.#workFromSource(this.#input) : this.#workFromEdges(this.#input)
  }

  #workFromSource({ station, frontiers, end }: TaskInput & { from: 'source' }): boolean {
    if (this.#barrier !== undefined) {
      const barrier = this.#barrier
      this.#barrier = undefined
      this.#halted = barrier.last
      this.#pass(barrier)
      return true
    }
    if (this.#ended || this.#halted) return false
    const epoch = this.#mustAnnounce ? undefined : frontiers?.merge()
    if (epoch !== undefined) {
      this.#body.epoch(epoch)
      return true
    }
    if (this.#waking.held) return false
    const frame = station.poll()
    this.#tellIdle(frame === undefined && station.idle)
    if (frame !== undefined) {
      this.#runFrame(frame, 0)
      return true
    }
    if (!station.finished || this.#mustAnnounce) return false
    const nothingRead = this.#distributed && (station.isEmpty || this.#toldEnd)
    if (nothingRead && this.#waking.pending) return false
    this.#ended = true
    // Where there never was anything to read, no operator has come to an end; but nobody must wait for epochs from here.
    if (nothingRead) for (const output of this.#outputs) output.advance(end)
    else this.#body.epoch(end)
    this.#toldEnd ||= !station.isEmpty
    return true
  }

  #workFromEdges(input: TaskInput & { from: 'edges' | 'exchange' }): boolean {
    const { held } = this.#waking
    const released = held ? undefined : this.#handoff?.takeReleased()
    if (released !== undefined) {
      this.#runFrame(released, 0)
      return true
    }
    if (this.#handoff?.full) return false
    const item = input.fanIn.take(held)
    if (item !== undefined) {
      this.#treat(item)
      return true
    }
    if (held) return false
    const atEnd = input.from === 'edges' ? input.feeders.every((task) => task.ended) : input.fanIn.atEnd
    if (this.#ended || this.#mustAnnounce || !atEnd) return false
    this.#ended = true
    return true
  }

  #treat(item: Item): void {
    if ('count' in item) {
      const frame = this.#handoff === undefined ? item : this.#handoff.admit(item)
      if (frame !== undefined) this.#runFrame(frame, frame.from ?? 0)
    } else if ('barrier' in item) this.#passUnlessAbandoned(item.barrier)
    else if ('epoch' in item) this.#body.epoch(item.epoch)
    else if ('idle' in item) this.#tellIdle(item.idle)
    else this.#feedersAnnounced = true
  }

  #passUnlessAbandoned(barrier: Barrier): void {
    const input = this.#input
    if (input.from === 'source' || !input.barriers.isAbandoned(barrier.version)) this.#pass(barrier)
  }

  #pass(barrier: Barrier): void {
    if (barrier.route !== undefined && this.#waking.inFlight) this.#marker = barrier
    else this.#passNow(barrier)
  }

  #passNow(barrier: Barrier): void {
    this.#done = barrier.last
    this.passed(barrier)
    if (barrier.route !== undefined) this.#beginReroute(barrier, barrier.route.to)
    for (const output of this.#outputs) output.barrier(barrier)
  }

  #beginReroute(barrier: Barrier, workers: readonly number[]): void {
    assert(this.#handoff === undefined, 'one rescale at a time')
    this.#handoff = this.reroute(barrier)
    this.#mustAnnounce = true
    this.#feedersAnnounced = false
    this.#ended = false
    const input = this.#input
    if (input.from === 'source') {
      input.frontiers?.hold()
      return
    }
    if (input.from === 'exchange' && this.#handoff?.stays !== false) input.fanIn.reroute(workers)
    if (input.from === 'edges') input.fanIn.forget(this.#beforeExchange)
    input.fanIn.hold()
  }

  #canAnnounce(): boolean {
    const input = this.#input
    if (this.#handoff !== undefined && !(this.#handoff.complete && this.#handoff.stays)) return false
    if (input.from === 'source') return input.station.settled
    return input.from === 'exchange' || this.#feedersAnnounced
  }

  /** Everything that belongs here is here: tells the others how far it is, whether or not they knew. */
  #announce(): void {
    const { dones } = this.#handoff ?? { dones: [] }
    if (this.#handoff?.isNew === true) this.#adopt(dones)
    const rerouted = this.#handoff !== undefined
    this.#handoff = undefined
    this.#mustAnnounce = false
    // A partition that has come may be behind what was promised here; those that read from all workers keep what they were promised.
    if (rerouted && this.#beforeExchange) for (const output of this.#outputs) output.adopt([])
    const input = this.#input
    const epoch = input.from === 'source' ? this.#remerged(input, rerouted) : input.fanIn.release()
    if (epoch !== undefined) this.#body.epoch(epoch)
    this.#tellIdle(input.from === 'source' ? input.station.idle : input.fanIn.idle)
    for (const output of this.#outputs) output.announce()
  }

  /** While results are to come, those that read must not go on without this. */
  #tellIdle(idle: boolean): void {
    this.#idle = idle
    const told = idle && !this.#waking.pending
    for (const output of this.#outputs) output.idle(told)
  }

  /** The frontier of a source after a rescale, which may have brought partitions that are behind. */
  #remerged({ frontiers, station }: TaskInput & { from: 'source' }, rerouted: boolean): unknown {
    if (!rerouted) return undefined
    const epoch = frontiers?.remerge()
    return station.finished ? undefined : epoch
  }

  /** A new worker goes on from where the others stood. */
  #adopt(dones: Handoff['dones']): void {
    this.#outputs.forEach((output, index) => {
      output.adopt(dones.map(({ sent }) => sent[index]))
    })
    this.#handoff?.adopt()
    const input = this.#input
    if (input.from !== 'source' && !this.#beforeExchange) input.fanIn.adopt(dones.map(({ frontier }) => frontier))
  }

  #runFrame(frame: Frame, from: number): void {
    const stopped = this.#body.run(frame, from)
    if (stopped < frame.count) this.#paused = { frame, from: stopped }
  }

  /** Edges are looked at between frames only: within a frame they grow by what one frame leads to. */
  #updateGate(): void {
    let full = 0
    for (let i = 0; i < this.#outputs.length; i++) if (this.#outputs[i]?.full) full++
    if (full > 0 && this.#closedEdges === 0) this.gate.close()
    if (full === 0 && this.#closedEdges > 0) this.gate.open()
    this.#closedEdges = full
  }
}
