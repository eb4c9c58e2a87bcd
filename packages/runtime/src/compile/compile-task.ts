import type { GraphNode, RecordNames } from '@malstrom/core'
import { rejectTimestamp } from '../source/reject-timestamp.ts'
import type { TaskBody, TaskParts } from './task-body.ts'
import { TaskWriter } from './task-code.ts'

/**
 * Makes a task into one generated function, in which user functions are called at places of their
 * own, so that V8 inlines them whatever else the process has run. The text consists of the operators'
 * lines and of generated names; values and functions come in as parameters.
 */
export function compileTask(parts: TaskParts): TaskBody {
  const { names, values, source } = generateTask(parts)
  // The only generated code of the engine: no data of the user is part of the text.
  const create = new Function(...names, source)
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
  const gate = writer.bind('gate', parts.gate)
  const keyed = head.role !== 'source' && head.keyed

  const run = writer.functionOf(
    'run(frame, i)',
    0,
    () => headLines(writer, parts),
    (lines) =>
      [
        `const values = frame.values, start = frame.start, timestamps = frame.timestamps, count = frame.count${keyed ? ', keys = frame.keys' : ''}`,
        'for (; i < count; i++) {',
        'value = values[start + i]',
        'timestamp = timestamps[i]',
        keyed ? 'key = keys[i]' : '',
        lines,
        `if (${gate}.closed) return i + 1`,
        '}',
        'return i',
      ].join('\n'),
  )
  const epoch = writer.functionOf('epoch(epoch)', 0, () => headEpochLines(writer, parts))
  const ticks = parts.plan.nodes.flatMap((node) => tickOf(writer, node))
  const source = [
    `'use strict' // task ${++tasksGenerated}`,
    writer.functionLines,
    run,
    epoch,
    writer.setupLines,
    `return { run, epoch, ticks: [${ticks.join(', ')}] }`,
  ].join('\n')
  return { names: writer.bindings.map(({ name }) => name), values: writer.bindings.map(({ value }) => value), source }
}

function headLines(writer: TaskWriter, parts: TaskParts): string {
  const { head } = parts.plan
  const record: RecordNames = { value: writer.declare('value'), key: writer.declare('key'), timestamp: writer.declare('timestamp') }
  if (head.role !== 'source' || parts.frontiers !== undefined) return writer.nodeLines(head, record)
  const check = `if (${writer.noTimestamp(head.source.time, 'timestamp')}) ${writer.bind('reject', rejectTimestamp)}(timestamp)`
  return `at = 0\n${check}\n${writer.readerLines(parts.plan.readersOf({ node: head, output: 0 }), record)}`
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
  return [`{ everyMs: ${tickMs}, run: ${writer.tickFunction(node, (code) => tick.call(fused, code))} }`]
}
