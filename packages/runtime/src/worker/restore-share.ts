import type { Key, OperatorNode, RestoreShare, WorkerId } from '@malstrom/core'
import { ownerOf } from '../exchange/routing.ts'
import { keyRouteOf } from '../snapshot/keyed-by.ts'
import type { Cluster } from './cluster.ts'

/** What of the past of an operator one worker goes on with: everything if it is alone. `inputEnded`: nothing comes to it any more. */
export function shareOf(node: OperatorNode, self: WorkerId, cluster: Cluster | undefined, inputEnded: boolean): RestoreShare {
  if (cluster === undefined) return { inputEnded, ownsSaved: () => true, ownsKey: () => true }
  const { workers } = cluster.routing
  const ownsSaved = (index: number) => workers[index % workers.length] === self
  const route = node.keyed ? keyRouteOf(node) : undefined
  // Keys that were given where the records already were are nobody's: what was saved stays together.
  if (route === undefined) return { inputEnded, ownsSaved, ownsKey: (_key, index) => ownsSaved(index) }
  return { inputEnded, ownsSaved, ownsKey: (key) => ownerOf(route, key as Key, workers) === self }
}
