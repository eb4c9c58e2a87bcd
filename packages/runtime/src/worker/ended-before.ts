import type { GraphNode, OperatorNode } from '@malstrom/core'
import type { InputSnapshot, Snapshot } from '../snapshot/snapshot.ts'

/** Whether nothing was to come out of a node any more when the snapshot was taken. */
export function isEndedBefore(node: GraphNode, snapshot: Snapshot | undefined): boolean {
  if (snapshot === undefined) return false
  const known = answers.get(snapshot) ?? new WeakMap<GraphNode, boolean>()
  answers.set(snapshot, known)
  const answer = known.get(node) ?? hasEnded(node, snapshot)
  known.set(node, answer)
  return answer
}

/** A node is asked about for each that follows it, on all ways. */
const answers = new WeakMap<Snapshot, WeakMap<GraphNode, boolean>>()

function hasEnded(node: GraphNode, snapshot: Snapshot): boolean {
  if (node.role === 'source') return snapshot.sources.find(({ source }) => source === node.name)?.ended ?? false
  const saved = snapshot.operators.find(({ operator }) => operator === node.name)
  return saved?.pending !== true && isInputEndedBefore(node, snapshot)
}

/** Whether nothing was to come to a node any more. */
export function isInputEndedBefore(node: GraphNode, snapshot: Snapshot | undefined): boolean {
  return snapshot !== undefined && node.inputs.every((port) => isEndedBefore(port.node, snapshot))
}

/** How an exchange stood. One process has none and saves none, but there too everybody has been told of an end. */
export function restoredExchange(head: OperatorNode, snapshot: Snapshot | undefined): InputSnapshot | undefined {
  const saved = snapshot?.inputs.find(({ node }) => node === head.name)
  if (saved !== undefined) return { ...saved, frontiers: [] }
  return isInputEndedBefore(head, snapshot) ? { node: head.name, frontiers: [], merged: head.inputTime.max } : undefined
}
