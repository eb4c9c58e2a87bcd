import {
  type Combine,
  type FusedOperator,
  type GraphNode,
  hashString,
  type JobGraph,
  type Key,
  type OperatorNode,
  type Partitioner,
  type Port,
  rendezvousSelect,
  type SinkNode,
} from '@malstrom/core'

/** A point of the graph at which records move between workers. It exists only in graphs that run on several. */
export interface ExchangeNode extends OperatorNode {
  readonly kind: typeof EXCHANGE
  /** What decides which worker a record goes to; `all`: to every worker. */
  readonly route: Route | 'all'
}

export interface Route {
  readonly partitioner: Partitioner<Key>
  /** What the worker is chosen by; the record's own key if absent. */
  readonly keyOf: ((value: unknown, key: unknown, timestamp: unknown) => Key) | undefined
  /** Set if records with the same key may be made into one. */
  readonly combine?: Combine | undefined
}

/** The partition of a sink that has no `partitionOf`. */
export const ONLY_PARTITION = 'all'

export const EXCHANGE = 'exchange'
const UNION = 'union'

export function isExchange(node: GraphNode): node is ExchangeNode {
  return node.kind === EXCHANGE
}

/** Whether the node is none of the job's own. */
export function isAdded(node: GraphNode): boolean {
  return node.kind === EXCHANGE || node.kind === UNION
}

/**
 * The graph with a node wherever records move between workers: behind every `keyDistribute` and `broadcast` of a control stream, and in
 * front of every sink whose partitions are written by one worker each. The fingerprint stays: what is
 * saved does not depend on how many workers there are.
 */
export function withExchanges(graph: JobGraph): JobGraph {
  const known = made.get(graph)
  if (known !== undefined) return known
  const added = addExchanges(graph)
  made.set(graph, added)
  return added
}

/** The coordinator asks with each snapshot. */
const made = new WeakMap<JobGraph, JobGraph>()

function addExchanges(graph: JobGraph): JobGraph {
  const nodes: GraphNode[] = []
  const copies = new Map<GraphNode, GraphNode>()
  const exchangeBehind = new Map<GraphNode, ExchangeNode>()
  const copyPort = ({ node, ...rest }: Port): Port => {
    const exchange = exchangeBehind.get(node)
    return exchange === undefined || rest.output > 0
      ? { ...rest, node: copies.get(node) as Port['node'] }
      : { ...rest, node: exchange, output: 0 }
  }
  for (const node of graph.nodes) {
    let inputs = node.inputs.map(copyPort)
    if (node.role === 'sink' && node.sink.stateless !== true) {
      const added = exchangeBefore(node, inputs)
      nodes.push(...added)
      inputs = [{ node: added.at(-1) as ExchangeNode, output: 0 }]
    }
    const copy = copyOf(node, inputs)
    copies.set(node, copy)
    nodes.push(copy)
    if (copy.role === 'operator' && copy.exchange !== undefined) {
      const { partitioner, combine } = copy.exchange
      const keyed = partitioner !== 'all'
      const route = keyed ? { partitioner, keyOf: undefined, combine } : 'all'
      const exchange = exchangeNode(copy, [{ node: copy, output: 0 }], { keyed, time: copy.outputTime, route })
      exchangeBehind.set(node, exchange)
      nodes.push(exchange)
    }
  }
  return { ...graph, nodes }
}

/** The same node with other inputs. Its place in the code stays untold until somebody asks, as that takes a while. */
function copyOf(node: GraphNode, inputs: readonly Port[]): GraphNode {
  const copy: Record<string, unknown> = {
    get location() {
      return node.location
    },
  }
  // One after the other: V8 has a slow way for objects that are made of descriptors, and for all that is read of them.
  for (const name of Object.keys(node)) if (name !== 'location') copy[name] = node[name as keyof GraphNode]
  copy.inputs = inputs
  return copy as unknown as GraphNode
}

/** Records find the worker that has the partition of the sink open. Streams are merged before they are sent. */
function exchangeBefore(node: SinkNode, inputs: readonly Port[]): OperatorNode[] {
  const { sink, keyed, inputTime: time } = node
  const keyOf =
    sink.partitionOf === undefined
      ? () => ONLY_PARTITION
      : (value: unknown, key: unknown, timestamp: unknown) => sink.partitionOf?.(value, key, timestamp)
  const route: Route = { partitioner: rendezvousSelect, keyOf }
  if (inputs.length === 1) return [exchangeNode(node, inputs, { keyed, time, route })]
  const union: OperatorNode = passOnNode(`union before ${node.name}`, UNION, node, inputs, { keyed, time })
  return [union, exchangeNode(node, [{ node: union, output: 0 }], { keyed, time, route })]
}

function exchangeNode(
  of: GraphNode,
  inputs: readonly Port[],
  { keyed, time, route }: { readonly keyed: boolean; readonly time: OperatorNode['inputTime']; readonly route: ExchangeNode['route'] },
): ExchangeNode {
  return Object.assign(passOnNode(`exchange of ${of.name}`, EXCHANGE, of, inputs, { keyed, time }), { kind: EXCHANGE, route } as const)
}

function passOnNode(
  name: string,
  kind: string,
  of: GraphNode,
  inputs: readonly Port[],
  { keyed, time }: { readonly keyed: boolean; readonly time: OperatorNode['inputTime'] },
): OperatorNode {
  return {
    role: 'operator',
    kind,
    id: hashString(name),
    name,
    get location() {
      return of.location
    },
    inputs,
    keyed,
    state: undefined,
    inputTime: time,
    outputTime: time,
    outputNames: ['out'],
    exchange: undefined,
    open: () => PASS_ON,
  }
}

const PASS_ON: FusedOperator = {
  record: (code, record) => code.emit(record),
  interpret: (next) => next,
}
