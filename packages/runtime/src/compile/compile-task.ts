import type { GraphNode, RecordNames } from '@malstrom/core'
import type { TaskBody, TaskParts } from './task-body.ts'
import { newFactory, type TaskFunctions } from './task-functions.ts'
import { TaskWriter } from './task-writer.ts'

/**
 * Makes a task into one generated function, in which user functions are called at places of their
 * own, so that V8 inlines them whatever else the process has run. The text consists of the operators'
 * lines and of generated names; values and functions come in as parameters.
 *
 * @param shared where the task is made by the function of an equal one, if there is such a place.
 */
export function compileTask(parts: TaskParts, shared?: TaskFunctions): TaskBody {
  const { names, values, source } = generateTask(parts)
  const create = shared?.factoryOf(names, source) ?? newFactory(names, `// task ${++tasksGenerated}\n${source}`)
  return create(...values) as TaskBody
}

/** Whether this process allows code from strings; a content security policy may forbid it. */
export function canCompile(): boolean {
  try {
    return new Function('return true')() === true
  } catch {
    // Forbidden is an answer, not an error: tasks are interpreted then.
    return false
  }
}

/** V8 shares what it learns between functions of equal text, so every task gets a text of its own. */
let tasksGenerated = 0

export function generateTask(parts: TaskParts): { names: readonly string[]; values: readonly unknown[]; source: string } {
  const writer = new TaskWriter(parts)
  const { head } = parts.plan
  const loop = loopFunction(writer, parts, 'loop', 'timestamps[i]')
  // Positions as timestamps need no column, and cost nothing where nobody looks at them.
  const indexedLoop = head.role === 'source' ? loopFunction(writer, parts, 'indexedLoop', 'first + i') : ''
  const epoch = writer.functionOf('epoch(epoch)', 0, () => headEpochLines(writer, parts))
  const ticks = parts.plan.nodes.flatMap((node) => tickOf(writer, node))
  const wakes = parts.plan.nodes.flatMap((node) => wakeOf(writer, node))
  const source = [
    writer.functionLines,
    loop,
    indexedLoop,
    'function run(frame, from) {',
    head.role === 'source' ? 'if (frame.first !== undefined) return indexedLoop(frame, from)' : '',
    'return loop(frame, from)\n}',
    epoch,
    writer.setupLines,
    `return { run, epoch, ticks: [${ticks.join(', ')}], wakes: [${wakes.join(', ')}] }`,
  ].join('\n')
  return { names: writer.bindings.map(({ name }) => name), values: writer.bindings.map(({ value }) => value), source }
}

/** The function with the loop over the records of a frame, from index `from`; returns the index where it stopped. */
function loopFunction(writer: TaskWriter, parts: TaskParts, name: string, timestamp: string): string {
  const { head } = parts.plan
  const keyed = head.role !== 'source' && head.keyed
  const gate = writer.bind('gate', parts.gate)
  const body = () => {
    writer.inLoop()
    writer.standIn('timestamp', timestamp)
    // Numbers by their form: V8 then keeps them in registers as such, and drops what nobody reads.
    writer.declare('i = from | 0, end = frame.count | 0, start = frame.start | 0, first = +frame.first')
    writer.declare('values = frame.values, timestamps = frame.timestamps, keys = frame.keys')
    const lines = headLines(writer, parts)
    return [
      'for (; i < end; i++) {',
      'value = values[start + i]',
      `timestamp = ${timestamp}`,
      keyed ? 'key = keys[i]' : '',
      lines,
      `if (${writer.stopCondition(gate)}) {\ni++\nbreak\n}`,
      '}',
    ].join('\n')
  }
  return writer.functionOf(`${name}(frame, from)`, 0, body, 'i')
}

function headLines(writer: TaskWriter, parts: TaskParts): string {
  const { head } = parts.plan
  const names: RecordNames = { value: writer.declare('value'), key: writer.declare('key'), timestamp: writer.declare('timestamp') }
  const sided = head.role === 'operator' && head.sides !== undefined
  // The same for all records of a frame.
  const record = sided ? { ...names, side: writer.initialized('side', 'frame.side | 0') } : names
  if (head.role !== 'source' || parts.frontiers !== undefined) return writer.nodeLines(head, record)
  return writer.readerLines(parts.plan.readersOf({ node: head, output: 0 }), record)
}

function headEpochLines(writer: TaskWriter, parts: TaskParts): string {
  const { head } = parts.plan
  if (head.role !== 'source' || parts.frontiers !== undefined) return writer.epochLines(head, 'epoch')
  return writer.advanceLines(parts.plan.readersOf({ node: head, output: 0 }), 'epoch')
}

function tickOf(writer: TaskWriter, node: GraphNode): string[] {
  if (node.role !== 'operator') return []
  const fused = writer.fusedOf(node)
  const { tick, tickMs } = fused
  if (tick === undefined || tickMs === undefined) return []
  return [`{ everyMs: ${tickMs}, run: ${writer.timedFunction('tick', node, (code) => tick.call(fused, code))} }`]
}

function wakeOf(writer: TaskWriter, node: GraphNode): string[] {
  if (node.role !== 'operator') return []
  const fused = writer.fusedOf(node)
  const { wake } = fused
  if (wake === undefined) return []
  return [`{ node: ${writer.bind('node', node)}, run: ${writer.timedFunction('wake', node, (code) => wake.call(fused, code))} }`]
}
