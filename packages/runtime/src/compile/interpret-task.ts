import type { GraphNode, OperatorNode, Receiver, SinkNode } from '@malstrom/core'
import { type Frame, timestampAt } from '../exchange/frame.ts'
import { attribute } from '../worker/failure.ts'
import type { TaskBody, TaskParts, Tick, Wake } from './task-body.ts'
import type { Reader } from './task-plan.ts'

/** The receivers of the operators of a task, as far as they are made. */
type Receivers = Map<GraphNode, Receiver>

/** The work of a task without generated code: receivers that call each other. Slower, otherwise the same. */
export function interpretTask(parts: TaskParts): TaskBody {
  const receivers: Receivers = new Map()
  const head = headReceiver(parts, receivers)
  const { gate, plan } = parts
  return {
    // In the order in which compiled tasks have them, so that those that are due at the same time run in the same order.
    ticks: plan.nodes.flatMap((node) => tickOf(parts, node, receivers)),
    wakes: plan.nodes.flatMap((node) => wakeOf(parts, node, receivers)),
    epoch: (epoch) => head.epoch(epoch),
    run(frame: Frame, from: number) {
      const { values, start, keys, count, side } = frame
      for (let i = from; i < count; i++) {
        head.data(values[start + i], keys?.[i], timestampAt(frame, i), side)
        if (gate.closed) return i + 1
      }
      return count
    },
  }
}

function headReceiver(parts: TaskParts, receivers: Receivers): Receiver {
  const { head } = parts.plan
  if (head.role === 'sink') return sinkReceiver(parts, head)
  if (head.role === 'operator' || parts.frontiers !== undefined) return operatorReceiver(parts, head, receivers)
  return fanOut(parts.plan.readersOf({ node: head, output: 0 }).map((reader) => readerReceiver(parts, reader, receivers)))
}

function readerReceiver(parts: TaskParts, reader: Reader, receivers: Receivers): Receiver {
  if (reader.to === 'node')
    return reader.node.role === 'sink' ? sinkReceiver(parts, reader.node) : operatorReceiver(parts, reader.node, receivers)
  const edge = parts.edgeOf(reader.edge)
  return { data: (value, key, timestamp) => edge.push(value, key, timestamp), epoch: (epoch) => edge.advance(epoch) }
}

function operatorReceiver(parts: TaskParts, node: Exclude<GraphNode, SinkNode>, receivers: Receivers): Receiver {
  const fused = parts.fusedOf(node)
  const outputs = node.outputNames.map((_name, output) =>
    fanOut(parts.plan.readersOf({ node, output }).map((reader) => readerReceiver(parts, reader, receivers))),
  )
  const receiver = attributed(parts.job, node, fused.interpret(...outputs))
  receivers.set(node, receiver)
  return receiver
}

function tickOf(parts: TaskParts, node: GraphNode, receivers: Receivers): Tick[] {
  const receiver = receivers.get(node)
  if (receiver === undefined) return []
  const { tickMs } = parts.fusedOf(node)
  return tickMs === undefined ? [] : [{ everyMs: tickMs, run: () => receiver.tick?.() }]
}

function wakeOf(parts: TaskParts, node: GraphNode, receivers: Receivers): Wake[] {
  const receiver = receivers.get(node)
  return receiver === undefined || parts.fusedOf(node).wake === undefined ? [] : [{ node, run: () => receiver.wake?.() }]
}

function sinkReceiver(parts: TaskParts, node: SinkNode): Receiver {
  const station = parts.sinkOf(node)
  return attributed(parts.job, node, {
    data: (value, key, timestamp) => station.write(value, key, timestamp),
    epoch: (epoch) => {
      station.frontier = epoch
    },
  })
}

function fanOut(receivers: readonly Receiver[]): Receiver {
  const [only] = receivers
  if (receivers.length === 1 && only !== undefined) return only
  return {
    data: (value, key, timestamp) => {
      for (const receiver of receivers) receiver.data(value, key, timestamp)
    },
    epoch: (epoch) => {
      for (const receiver of receivers) receiver.epoch(epoch)
    },
  }
}

/** Errors that come out name the node, unless they name one behind it already. */
function attributed(job: string, node: OperatorNode | GraphNode, receiver: Receiver): Receiver {
  const guard = (action: () => void, key: unknown, timestamp: unknown) => {
    try {
      action()
    } catch (error) {
      throw attribute(error, node, job, key, timestamp)
    }
  }
  return {
    data: (value, key, timestamp, side) => guard(() => receiver.data(value, key, timestamp, side), key, timestamp),
    epoch: (epoch) => guard(() => receiver.epoch(epoch), undefined, epoch),
    tick: () => guard(() => receiver.tick?.(), undefined, undefined),
    wake: () => guard(() => receiver.wake?.(), undefined, undefined),
  }
}
