import type { GraphNode, JobGraph, Port } from '@malstrom/core'

/** One operator that reads one output of another. */
export interface GraphEdge {
  readonly from: Port['node']
  readonly output: number
  readonly to: GraphNode
}

/** All edges, by reader, in the order of the graph. */
export function edgesOf(graph: JobGraph): GraphEdge[] {
  return graph.nodes.flatMap((to) => to.inputs.map(({ node, output }) => ({ from: node, output, to })))
}

/** The name of an output; `undefined` if the node has only one. */
export function outputName(node: Port['node'], output: number): string | undefined {
  return node.outputNames.length > 1 ? node.outputNames[output] : undefined
}

/** What a reader of the graph wants to know of a node besides its kind and name. */
export function traitsOf(node: GraphNode): string[] {
  const traits: string[] = []
  if (node.role === 'source' && node.epochs !== undefined) traits.push('epochs per partition')
  if (node.role === 'operator' && node.state !== undefined) traits.push('state per key')
  if (node.role === 'operator' && node.exchange !== undefined) traits.push('exchange by key')
  return traits
}
