import type { JobGraph } from '@malstrom/core'
import { edgesOf } from './graph-edges.ts'

/** Nodes by id, and the edges between them. */
export function graphJson(graph: JobGraph): string {
  const nodes = graph.nodes.map((node) => ({
    id: node.id,
    name: node.name,
    role: node.role,
    kind: node.kind,
    keyed: node.keyed,
    stateful: node.role === 'operator' && node.state !== undefined,
    exchange: node.role === 'operator' && node.exchange !== undefined,
    outputs: node.role === 'sink' ? [] : node.outputNames,
    location: node.location,
  }))
  const edges = edgesOf(graph).map(({ from, output, to }) => ({ from: from.id, output: from.outputNames[output], to: to.id }))
  return `${JSON.stringify({ name: graph.name, fingerprint: graph.fingerprint, nodes, edges }, undefined, 2)}\n`
}
