import type { GraphNode, JobGraph, OperatorNode, Port, SinkNode } from '@malstrom/core'
import { type ExchangeNode, isExchange } from './exchange-points.ts'

/** Operators in one generated function; V8 does not optimise functions that are too large. */
export const TASK_OPERATORS_MAX = 60

/** Where a record goes from a port: into an operator or sink of the same task, or over an edge to another task. */
export type Reader = { readonly to: 'node'; readonly node: OperatorNode | SinkNode } | { readonly to: 'edge'; readonly edge: EdgePlan }

export interface EdgePlan {
  readonly index: number
  readonly from: Port
  readonly keyed: boolean
  /** Which of the streams that the reader joins this is; 0 if it makes no difference. */
  readonly side: number
  /** Set if the records that take this way go to the workers that own them. */
  readonly exchange: ExchangeNode | undefined
  /** Whether its records may be behind the frontier of the reader, which then waits for its end only. */
  readonly late: boolean
}

/** A task: the operators between its head and its ends. The head is a source, or a node that is fed by edges. */
export interface TaskPlan {
  readonly head: GraphNode
  /** The edges that feed the head; empty for a source. */
  readonly inputs: readonly EdgePlan[]
  readonly nodes: readonly GraphNode[]
  readonly outputs: readonly EdgePlan[]
  readersOf(port: Port): readonly Reader[]
}

/**
 * Cuts a graph into tasks: the longest chains (or trees) of operators between sources, fan-ins and
 * sinks. Tasks come in an order in which every task follows those that feed it.
 */
export function planTasks(graph: JobGraph): TaskPlan[] {
  const readers = readersByPort(graph)
  const edges: EdgePlan[] = []
  const inputsOf = new Map<GraphNode, EdgePlan[]>()
  const heads: GraphNode[] = graph.nodes.filter((node) => node.role === 'source')
  const plans: TaskPlan[] = []

  for (let next = 0; next < heads.length; next++) {
    const head = heads[next] as GraphNode
    const nodes: GraphNode[] = []
    const outputs: EdgePlan[] = []
    const local = new Map<string, Reader[]>()

    const connect = (port: Port, { node, side }: PortReader): Reader => {
      const exchange = isExchange(node) ? node : undefined
      if (exchange === undefined && node.inputs.length === 1 && nodes.length < TASK_OPERATORS_MAX) {
        visit(node)
        return { to: 'node', node }
      }
      const edge: EdgePlan = { index: edges.length, from: port, keyed: node.keyed, side, exchange, late: isLate(node, port) }
      edges.push(edge)
      outputs.push(edge)
      const known = inputsOf.get(node)
      if (known !== undefined) known.push(edge)
      else inputsOf.set(node, [edge])
      return { to: 'edge', edge }
    }
    const visit = (node: GraphNode): void => {
      nodes.push(node)
      if (node.role === 'sink') return
      node.outputNames.forEach((_name, output) => {
        const port: Port = { node, output }
        const key = portKey(port)
        local.set(
          key,
          (readers.get(key) ?? []).map((reader) => connect(port, reader)),
        )
      })
    }

    visit(head)
    plans.push({ head, inputs: inputsOf.get(head) ?? [], nodes, outputs, readersOf: (port) => local.get(portKey(port)) ?? [] })
    // A node becomes a head when the last of its inputs is known, so tasks come after those that feed them.
    for (const [node, inputs] of inputsOf)
      if (inputs.length === (node as OperatorNode).inputs.length && !heads.includes(node)) heads.push(node)
  }
  return plans
}

/** One input of a node: a node that reads a port twice is two of its readers. */
interface PortReader {
  readonly node: OperatorNode | SinkNode
  readonly side: number
}

function readersByPort(graph: JobGraph): Map<string, PortReader[]> {
  const readers = new Map<string, PortReader[]>()
  for (const node of graph.nodes) {
    if (node.role === 'source') continue
    const sides = node.role === 'operator' ? node.sides : undefined
    node.inputs.forEach((port, input) => {
      const key = portKey(port)
      const reader: PortReader = { node, side: sides?.[input] ?? 0 }
      const known = readers.get(key)
      if (known !== undefined) known.push(reader)
      else readers.set(key, [reader])
    })
  }
  return readers
}

function isLate(node: OperatorNode | SinkNode, port: Port): boolean {
  return node.inputs.some(({ late, ...input }) => late === true && portKey(input) === portKey(port))
}

function portKey(port: Port): string {
  return `${port.node.id}.${port.output}`
}
