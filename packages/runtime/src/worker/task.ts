import type { TaskBody } from '../compile/task-body.ts'
import type { Edge } from '../exchange/edge.ts'
import type { FanIn } from '../exchange/fan-in.ts'
import type { Frame } from '../exchange/frame.ts'
import type { Barrier } from '../snapshot/barrier.ts'
import type { PartitionFrontiers } from '../source/partition-frontiers.ts'
import type { SourceStation } from '../source/source-station.ts'
import type { Environment } from './environment.ts'
import type { Gate } from './gate.ts'

/** Where the frames of a task come from. */
export type TaskInput =
  | { readonly from: 'source'; readonly station: SourceStation; readonly frontiers: PartitionFrontiers | undefined; readonly end: unknown }
  | { readonly from: 'edges'; readonly fanIn: FanIn; readonly feeders: readonly Task[] }

/** One task on one worker: takes a frame, runs it, and hands on what came out. */
export class Task {
  readonly gate: Gate
  readonly #input: TaskInput
  readonly #outputs: readonly Edge[]
  readonly #body: TaskBody
  readonly #dueTicks: (() => void)[] = []
  readonly #cancelTicks: (() => void)[] = []
  /** The frame during which the gate closed, and the record at which to go on. */
  #paused: { readonly frame: Frame; readonly from: number } | undefined
  #closedEdges = 0
  #ended: boolean
  /** A snapshot barrier that is to go out with the next step of a source. */
  #barrier: Barrier | undefined
  /** Takes no more from the source, because the job is going to stop. */
  #halted = false
  /** Called when a barrier passes, between the records before it and those after it. */
  passed: (barrier: Barrier) => void = () => {}

  constructor(gate: Gate, input: TaskInput, outputs: readonly Edge[], body: TaskBody, ended: boolean) {
    this.gate = gate
    this.#input = input
    this.#outputs = outputs
    this.#body = body
    this.#ended = ended
  }

  /** Whether the input has ended and everything of it has been processed. */
  get ended(): boolean {
    return this.#ended
  }

  get readsSource(): boolean {
    return this.#input.from === 'source'
  }

  /** Where the frames come from. */
  get input(): TaskInput {
    return this.#input
  }

  /** Sends a snapshot barrier after what has been read so far. Only for tasks that read a source. */
  send(barrier: Barrier): void {
    this.#barrier = barrier
  }

  startTicks(environment: Environment, wake: () => void): void {
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
    if (this.#dueTicks.length > 0 && !this.#ended) {
      for (const run of this.#dueTicks.splice(0)) run()
      return true
    }
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
    const epoch = frontiers?.merge()
    if (epoch !== undefined) {
      this.#body.epoch(epoch)
      return true
    }
    const frame = station.poll()
    if (frame !== undefined) {
      this.#runFrame(frame, 0)
      return true
    }
    if (!station.finished) return false
    this.#end(end)
    return true
  }

  #workFromEdges({ fanIn, feeders }: TaskInput & { from: 'edges' }): boolean {
    const item = fanIn.take()
    if (item !== undefined) {
      if ('count' in item) this.#runFrame(item, item.from ?? 0)
      else if ('barrier' in item) this.#pass(item.barrier)
      else this.#body.epoch(item.epoch)
      return true
    }
    if (this.#ended || !feeders.every((task) => task.ended)) return false
    this.#ended = true
    return true
  }

  #pass(barrier: Barrier): void {
    this.passed(barrier)
    for (const edge of this.#outputs) edge.barrier(barrier)
  }

  #runFrame(frame: Frame, from: number): void {
    const stopped = this.#body.run(frame, from)
    if (stopped < frame.count) this.#paused = { frame, from: stopped }
  }

  #end(epoch: unknown): void {
    this.#body.epoch(epoch)
    this.#ended = true
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
