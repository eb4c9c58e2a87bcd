import type { GraphNode, OperatorNode } from '@malstrom/core'
import type { Route } from '../compile/exchange-points.ts'

/** The operator that gave the records of `node` their keys: with another one, its states would never be found. */
export function keyedBy(node: GraphNode): string | undefined {
  return keyingNode(node)?.name
}

/** How the keys of the records that come to `node` decide where they are; `undefined` if they were given where the records already were. */
export function keyRouteOf(node: GraphNode): Route | undefined {
  const partitioner = keyingNode(node)?.exchange?.partitioner
  return partitioner === undefined || partitioner === 'all' ? undefined : { partitioner, keyOf: undefined }
}

function keyingNode(node: GraphNode): OperatorNode | undefined {
  for (let port = node.inputs[0]; port?.node.role === 'operator'; port = port.node.inputs[0]) {
    const at: OperatorNode = port.node
    // A dead letter has the key that the record came with.
    const keys = at.kind === 'keyLocal' || at.kind === 'keyDistribute'
    if (keys && port.output !== at.deadLetterOutput) return at
    if (!at.keyed) return undefined
  }
  return undefined
}
