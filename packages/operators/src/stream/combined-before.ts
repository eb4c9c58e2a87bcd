import type { OperatorNode, Port } from '@malstrom/core'

/** The `keyDistribute` that combines what comes from these ports. What an operator with state emits is its own, however its records came. */
export function combinedBefore(ports: readonly Port[]): OperatorNode | undefined {
  for (const { node, output } of ports) {
    if (node.role !== 'operator') continue
    if (node.exchange?.combine !== undefined && output === 0) return node
    const before = node.state === undefined ? combinedBefore(node.inputs) : undefined
    if (before !== undefined) return before
  }
  return undefined
}
