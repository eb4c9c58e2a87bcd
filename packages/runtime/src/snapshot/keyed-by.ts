import type { GraphNode } from '@malstrom/core'

/** The operator that gave the records of `node` their keys: with another one, its states would never be found. */
export function keyedBy(node: GraphNode): string | undefined {
  for (let at: GraphNode | undefined = node.inputs[0]?.node; at !== undefined; at = at.inputs[0]?.node) {
    if (at.kind === 'keyLocal' || at.kind === 'keyDistribute') return at.name
    if (!at.keyed) return undefined
  }
  return undefined
}
