import {
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
  /** What decides which worker a record goes to. */
  readonly route: Route
}

export interface Route {
  readonly partitioner: Partitioner<Key>
  /** What the worker is chosen by; the record's own key if absent. */
  readonly keyOf: ((value: unknown, key: unknown, timestamp: unknown) => Key) | undefined
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
 * The graph with a node wherever records move between workers: behind every `keyDistribute`, and in
 * front of every sink whose partitions are written by one worker each. The fingerprint stays: what is
 * saved does not depend on how many workers there are.
 */
export function withExchanges(graph: JobGraph): JobGraph {
  const nodes: GraphNode[] = []
  const copies = new Map<GraphNode, GraphNode>()
  const exchangeBehind = new Map<GraphNode, ExchangeNode>()
  const copyPort = ({ node, output }: Port): Port => {
    const exchange = exchangeBehind.get(node)
    return exchange === undefined ? { node: copies.get(node) as Port['node'], output } : { node: exchange, output: 0 }
  }
  for (const node of graph.nodes) {
    let inputs = node.inputs.map(copyPort)
    if (node.role === 'sink' && node.sink.stateless !== true) {
      const added = exchangeBefore(node, inputs)
      nodes.push(...added)
      inputs = [{ node: added.at(-1) as ExchangeNode, output: 0 }]
    }
    const copy = { ...node, inputs } as GraphNode
    copies.set(node, copy)
    nodes.push(copy)
    if (copy.role === 'operator' && copy.exchange !== undefined) {
      const route: Route = { partitioner: copy.exchange.partitioner, keyOf: undefined }
      const exchange = exchangeNode(copy, [{ node: copy, output: 0 }], { keyed: true, time: copy.outputTime, route })
      exchangeBehind.set(node, exchange)
      nodes.push(exchange)
    }
  }
  return { ...graph, nodes }
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
  { keyed, time, route }: { readonly keyed: boolean; readonly time: OperatorNode['inputTime']; readonly route: Route },
): ExchangeNode {
  return { ...passOnNode(`exchange of ${of.name}`, EXCHANGE, of, inputs, { keyed, time }), kind: EXCHANGE, route }
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
    location: of.location,
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
