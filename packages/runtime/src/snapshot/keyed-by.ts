import type { GraphNode, OperatorNode } from '@malstrom/core'
import type { Route } from '../compile/exchange-points.ts'

/** The operator that gave the records of `node` their keys: with another one, its states would never be found. */
export function keyedBy(node: GraphNode): string | undefined {
  return keyingNode(node)?.name
}

/** How the keys of the records that come to `node` decide where they are; `undefined` if they were given where the records already were. */
export function keyRouteOf(node: GraphNode): Route | undefined {
  const exchange = keyingNode(node)?.exchange
  return exchange === undefined ? undefined : { partitioner: exchange.partitioner, keyOf: undefined }
}

function keyingNode(node: GraphNode): OperatorNode | undefined {
  for (let at: GraphNode | undefined = node.inputs[0]?.node; at?.role === 'operator'; at = at.inputs[0]?.node) {
    if (at.kind === 'keyLocal' || at.kind === 'keyDistribute') return at
    if (!at.keyed) return undefined
  }
  return undefined
}
