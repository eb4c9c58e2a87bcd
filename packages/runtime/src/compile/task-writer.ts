import {
  assert,
  bigintTime,
  type FusedOperator,
  type GraphNode,
  isTimestamp,
  numberTime,
  type RecordNames,
  type SinkNode,
  type TaskCode,
  type TimestampAlgebra,
} from '@malstrom/core'
import { Edge } from '../exchange/edge.ts'
import { ExchangeOutput } from '../exchange/exchange-output.ts'
import { attribute } from '../worker/failure.ts'
import { edgeLines, exchangeLines } from './exchange-lines.ts'
import { sinkLines } from './sink-lines.ts'
import type { TaskParts } from './task-body.ts'
import type { Reader } from './task-plan.ts'

/** The record that a function of the task is given. */
const GIVEN: RecordNames = { value: 'value', key: 'key', timestamp: 'timestamp' }

/** Where the lines of one function of the task are collected. */
interface FunctionCode {
  /** Variables, with what they are at the start of the function if that matters. */
  readonly locals: string[]
  /** The variable that is true when the task is to stop after this record, if lines of this function can set it. */
  stop: string | undefined
  /** What is counted in the function, and the variable that holds the sum. */
  readonly counters: Map<string, string>
  /** What stands for a variable when an error is described, so that the variable need not live until then. */
  readonly standIns: Map<string, string>
  /** For each operator in the function: which variables hold its key and timestamp, for errors. */
  readonly records: Map<number, RecordNames>
}

function newFunction(): FunctionCode {
  return { locals: [], stop: undefined, counters: new Map(), standIns: new Map(), records: new Map() }
}

/**
 * Writes the JavaScript of one task. Each operator's lines appear once: in the loop over the frame,
 * or in the function through which an operator emits by itself.
 */
export class TaskWriter {
  readonly #parts: TaskParts
  readonly #names = new Map<unknown, string>()
  readonly #bindings: { readonly name: string; readonly value: unknown }[] = []
  readonly #setup: string[] = []
  readonly #functions: string[] = []
  readonly #epochFunctions = new Map<GraphNode, string>()
  readonly #operators: GraphNode[] = []
  readonly #indexOf = new Map<GraphNode, number>()
  #current: FunctionCode = newFunction()
  /** The function with the loop over the records of a frame. */
  #loop: FunctionCode | undefined
  #stopsOutsideLoop = false
  #counter = 0

  constructor(parts: TaskParts) {
    this.#parts = parts
    for (const node of parts.plan.nodes) {
      this.#indexOf.set(node, this.#operators.length)
      this.#operators.push(node)
    }
  }

  get bindings(): readonly { readonly name: string; readonly value: unknown }[] {
    return this.#bindings
  }

  get setupLines(): string {
    return this.#setup.join('\n')
  }

  get functionLines(): string {
    return this.#functions.join('\n')
  }

  bind(hint: string, value: unknown): string {
    const known = this.#names.get(value)
    if (known !== undefined) return known
    const name = this.fresh(hint)
    this.#names.set(value, name)
    this.#bindings.push({ name, value })
    return name
  }

  fresh(hint: string): string {
    return `${hint}_${++this.#counter}`
  }

  local(hint: string): string {
    return this.declare(this.fresh(hint))
  }

  /** Declares a variable of exactly this name in the current function. */
  declare(name: string): string {
    this.#current.locals.push(name)
    return name
  }

  /** Declares a variable that has the value of `expression` at the start of the function. */
  initialized(hint: string, expression: string): string {
    const name = this.fresh(hint)
    this.#current.locals.push(`${name} = ${expression}`)
    return name
  }

  /** A line that makes the task stop after this record. */
  stop(): string {
    if (this.#current !== this.#loop) {
      this.#stopsOutsideLoop = true
      return ''
    }
    this.#current.stop ??= this.initialized('stop', 'false')
    return `${this.#current.stop} = true`
  }

  /** Whether the task is to stop, as an expression for the end of the loop over a frame. */
  stopCondition(gate: string): string {
    const inLoop = this.#current.stop ?? 'false'
    return this.#stopsOutsideLoop ? `${inLoop} || ${gate}.closed` : inLoop
  }

  setup(lines: string): void {
    this.#setup.push(lines)
  }

  count(target: string): string {
    const { counters } = this.#current
    const sum = counters.get(target) ?? this.fresh('count')
    counters.set(target, sum)
    return `${sum}++`
  }

  /** The lines of a function: `body` with its variables, and errors that name the operator they come from. */
  functionOf(signature: string, at: number, body: () => string, result = ''): string {
    const outer = this.#current
    this.#current = newFunction()
    const lines = body()
    const { locals, counters, standIns, records } = this.#current
    this.#current = outer
    const sums = [...counters].map(([target, sum]) => `${target} += ${sum}\n`).join('')
    const variables = [`at = ${at}`, ...locals, ...[...counters.values()].map((sum) => `${sum} = 0`)]
    return [
      `function ${signature} {`,
      `let ${variables.join(', ')}`,
      `try {\n${lines}`,
      `} catch (error) {\n${sums}${this.#failLines(records, standIns)}`,
      `}\n${sums}return ${result}\n}`,
    ].join('\n')
  }

  /**
   * Says what stands for a variable when an error is described. A float that lives until an exception
   * is caught would be boxed for every record.
   */
  standIn(name: string, expression: string): void {
    this.#current.standIns.set(name, expression)
  }

  /** Says that the function being written is the loop over a frame. */
  inLoop(): void {
    this.#loop = this.#current
  }

  /** Lines that give a record to everything that reads a port. */
  readerLines(readers: readonly Reader[], record: RecordNames): string {
    return readers
      .map((reader) => (reader.to === 'edge' ? this.#edgeLines(reader, record) : this.nodeLines(reader.node, record)))
      .join('\n')
  }

  /** Lines that give a record to one operator or sink. */
  nodeLines(node: GraphNode, record: RecordNames): string {
    const index = this.indexOf(node)
    this.#current.records.set(index, record)
    const lines = node.role === 'sink' ? this.#sinkLines(node, record) : this.fusedOf(node).record(this.codeFor(node), record)
    return `at = ${index}\n${lines}`
  }

  /** Lines that pass an epoch to everything that reads a port. */
  advanceLines(readers: readonly Reader[], epoch: string): string {
    return readers
      .map((reader) =>
        reader.to === 'edge'
          ? `${this.bind('edge', this.#parts.edgeOf(reader.edge))}.advance(${epoch})`
          : this.epochLines(reader.node, epoch),
      )
      .join('\n')
  }

  /** Lines that give an epoch to one operator or sink. */
  epochLines(node: GraphNode, epoch: string): string {
    if (node.role === 'sink') return `${this.bind('sink', this.#parts.sinkOf(node))}.frontier = ${epoch}`
    if (this.fusedOf(node).epoch !== undefined) return `${this.#epochFunction(node)}(${epoch})`
    return node.outputNames.map((_name, output) => this.advanceLines(this.#parts.plan.readersOf({ node, output }), epoch)).join('\n')
  }

  /** The name of a function that runs the tick of an operator, or wakes it. */
  timedFunction(hint: 'tick' | 'wake', node: GraphNode, lines: (code: TaskCode) => string): string {
    const name = this.fresh(hint)
    this.#functions.push(this.functionOf(`${name}()`, this.indexOf(node), () => lines(this.codeFor(node))))
    return name
  }

  fusedOf(node: GraphNode): FusedOperator {
    return this.#parts.fusedOf(node)
  }

  codeFor(node: GraphNode): TaskCode {
    const readersOf = (output: number) => {
      assert(node.role !== 'sink', 'a sink has no outputs')
      return this.#parts.plan.readersOf({ node, output })
    }
    return {
      bind: (hint, value) => this.bind(hint, value),
      local: (hint, initial) => (initial === undefined ? this.local(hint) : this.initialized(hint, initial)),
      count: (target) => this.count(target),
      setup: (lines) => this.setup(lines),
      emit: (record, output = 0) => this.readerLines(readersOf(output), record),
      resume: () => `at = ${this.indexOf(node)}`,
      emitter: (output = 0, timestamp) => this.#emitter(node, readersOf(output), timestamp),
      advance: (epoch, output = 0) => this.advanceLines(readersOf(output), epoch),
      notAfter: (time, a, b) => this.notAfter(time, a, b),
      noTimestamp: (time, t) => this.noTimestamp(time, t),
    }
  }

  notAfter(time: TimestampAlgebra<unknown>, a: string, b: string): string {
    const ordered = time === (numberTime as unknown) || time === (bigintTime as unknown)
    return ordered ? `${a} <= ${b}` : `${this.bind('time', time)}.compare(${a}, ${b}) <= 0`
  }

  noTimestamp(time: TimestampAlgebra<unknown>, t: string): string {
    if (time === (numberTime as unknown)) return `typeof ${t} !== 'number' || ${t} !== ${t}`
    return `!${this.bind('isTimestamp', isTimestamp)}(${this.bind('time', time)}, ${t})`
  }

  /** The number of an operator in the task, as `at` holds it. */
  indexOf(node: GraphNode): number {
    const index = this.#indexOf.get(node)
    assert(index !== undefined, 'a task writes only its own operators')
    return index
  }

  #emitter(node: GraphNode, readers: readonly Reader[], timestamp: string | undefined): string {
    const name = this.fresh('emit')
    const signature = timestamp === undefined ? `${name}(value, key, timestamp)` : `${name}(value, key)`
    const lines = this.functionOf(signature, this.indexOf(node), () => {
      if (timestamp !== undefined) {
        this.declare(`${GIVEN.timestamp} = ${timestamp}`)
        this.standIn(GIVEN.timestamp, timestamp)
      }
      return this.readerLines(readers, GIVEN)
    })
    this.#functions.push(lines)
    return name
  }

  #epochFunction(node: GraphNode): string {
    const known = this.#epochFunctions.get(node)
    if (known !== undefined) return known
    const name = this.fresh('epoch')
    this.#epochFunctions.set(node, name)
    const { epoch } = this.fusedOf(node)
    assert(epoch !== undefined, 'an operator without epoch lines passes epochs on')
    this.#functions.push(
      this.functionOf(`${name}(epoch)`, this.indexOf(node), () => {
        this.#current.records.set(this.indexOf(node), { value: 'undefined', key: 'undefined', timestamp: 'epoch' })
        return epoch.call(this.fusedOf(node), this.codeFor(node), 'epoch')
      }),
    )
    return name
  }

  #edgeLines({ edge: plan }: Reader & { to: 'edge' }, record: RecordNames): string {
    const outlet = this.#parts.edgeOf(plan)
    if (outlet instanceof ExchangeOutput) return exchangeLines(this, outlet, plan.keyed, record)
    assert(outlet instanceof Edge, 'records leave a task by an edge or an exchange')
    return edgeLines(this, outlet, plan.keyed, record)
  }

  #sinkLines(node: SinkNode, record: RecordNames): string {
    return sinkLines(this, this.#parts.sinkOf(node), record)
  }

  #failLines(records: ReadonlyMap<number, RecordNames>, standIns: ReadonlyMap<string, string>): string {
    const { job } = this.#parts
    const fail = this.bind('fail', (thrown: unknown, at: number, key: unknown, timestamp: unknown) =>
      attribute(thrown, this.#operators[at] as GraphNode, job, key, timestamp),
    )
    const named = (name: string) => standIns.get(name) ?? name
    const cases = [...records].map(([at, { key, timestamp }]) => `case ${at}: throw ${fail}(error, at, ${named(key)}, ${named(timestamp)})`)
    return `switch (at) {\n${cases.join('\n')}\n}\nthrow ${fail}(error, at, undefined, undefined)`
  }
}
