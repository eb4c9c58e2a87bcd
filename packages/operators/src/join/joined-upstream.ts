import { type GraphNode, MalstromError } from '@malstrom/core'
import { at, type CallSite } from '../stream/call-site.ts'
import type { Upstream } from '../stream/graph-builder.ts'

/**
 * What an operator reads that joins two streams and knows which record is of which. Records of equal keys must meet on
 * one worker, so both streams have found their workers in the same way.
 *
 * @throws MalstromError `ERR_STREAM_FOREIGN`
 */
export function joinedUpstream(name: string, site: CallSite, left: Upstream, right: Upstream | undefined): Upstream {
  const refuse = (what: string): never => {
    throw new MalstromError('ERR_STREAM_FOREIGN', `Join "${name}"${at(site)} ${what}`, { context: { operator: name } })
  }
  if (right === undefined) {
    return refuse('was given something that is no stream of this flow. Join streams that the same build function has made.')
  }
  if (!left.keyed || !right.keyed) {
    return refuse('needs two streams with keys. Use keyDistribute on both, with the keys by which records belong together.')
  }
  if (left.time !== right.time) {
    return refuse('needs two streams with the same kind of timestamps. Use assignTimestamps and generateEpochs before.')
  }
  const ways = new Set([...left.ports, ...right.ports].map(({ node }) => partitionerOf(node)))
  if (ways.size > 1) {
    return refuse(
      'needs two streams whose records find their workers in the same way, or those of equal keys would not meet: use keyDistribute on both, with the same partitioner.',
    )
  }
  return {
    ports: [...left.ports, ...right.ports],
    sides: [...left.ports.map(() => 0), ...right.ports.map(() => 1)],
    keyed: true,
    time: left.time,
  }
}

/** What has chosen the workers of the records that come from a node; `undefined` if they have stayed where they were. */
function partitionerOf(node: GraphNode): unknown {
  for (let at: GraphNode | undefined = node; at?.role === 'operator'; at = at.inputs[0]?.node) {
    if (at.kind === 'keyLocal' || at.kind === 'keyDistribute') return at.exchange?.partitioner
  }
  return undefined
}
