import {
  didYouMean,
  type GraphNode,
  type JobGraph,
  MalstromError,
  type OperatorNode,
  type Port,
  type Sink,
  type SinkNode,
  type Source,
  type SourceNode,
} from '@malstrom/core'
import { TestSink } from './test-sink.ts'

/** What stands in for the sources and sinks of a job, by their names. */
export interface Replacements {
  /** Made by `testSource`; any other source of the same values does as well. */
  // biome-ignore lint/suspicious/noExplicitAny: a graph does not know what its records are
  readonly sources?: Readonly<Record<string, Source<any, any, any, any>>>
  /** Made by `testSink`; any other sink does as well. */
  // biome-ignore lint/suspicious/noExplicitAny: as for sources
  readonly sinks?: Readonly<Record<string, TestSink<any, any, any> | Sink<any, any, any, any, any>>>
  /**
   * What becomes of sources and sinks that are not named. `real`: they do what they always do. `refuse`: the test
   * fails before anything is opened, so that none is forgotten.
   *
   * @default 'real'
   */
  readonly unreplaced?: 'real' | 'refuse'
}

type Role = 'source' | 'sink'

/** Refuses replacements that do not fit the graph. @throws MalstromError `ERR_TEST_REPLACEMENT` */
export function checkReplacements(graph: JobGraph, { sources = {}, sinks = {}, unreplaced = 'real' }: Replacements): void {
  const twice = Object.keys(sources).find((name) => Object.hasOwn(sinks, name))
  if (twice !== undefined) refuse(graph, `"${twice}" of job "${graph.name}" is replaced twice, as a source and as a sink.`, twice)
  for (const name of Object.keys(sources)) checkName(graph, name, 'source')
  for (const name of Object.keys(sinks)) checkName(graph, name, 'sink')
  checkDoubles(graph, [...Object.entries(sources), ...Object.entries(sinks)])
  if (unreplaced === 'real') return
  const left = graph.nodes.filter((node) => node.role !== 'operator' && !Object.hasOwn(node.role === 'source' ? sources : sinks, node.name))
  if (left.length === 0) return
  const names = left.map(({ role, name }) => `${role} "${name}"`).join(', ')
  refuse(graph, `Job "${graph.name}" would run with real ${names}. Replace what is missing, or leave out unreplaced: 'refuse'.`)
}

export interface NodeReplacer {
  source(node: SourceNode): SourceNode
  sink(node: SinkNode): SinkNode
}

/** The same graph, with other sources and sinks. Its fingerprint stays: it is made of names and connections. */
export function replaceNodes(graph: JobGraph, replace: NodeReplacer): JobGraph {
  const replaced = new Map<GraphNode, SourceNode | OperatorNode>()
  const inputsOf = (node: GraphNode): Port[] =>
    node.inputs.map((port) => ({ ...port, node: replaced.get(port.node) as SourceNode | OperatorNode }))
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.role === 'sink') return replace.sink({ ...node, inputs: inputsOf(node) })
    const connected = node.role === 'source' ? replace.source(node) : { ...node, inputs: inputsOf(node) }
    replaced.set(node, connected)
    return connected
  })
  return { ...graph, nodes }
}

function checkName(graph: JobGraph, name: string, role: Role): void {
  const node = graph.nodes.find((known) => known.name === name)
  if (node?.role === role) return
  const names = graph.nodes.filter((known) => known.role === role).map((known) => known.name)
  const has = names.length === 0 ? `It has no ${role}s.` : `Its ${role}s are ${names.map((known) => `"${known}"`).join(', ')}.`
  if (node === undefined) {
    refuse(graph, `Job "${graph.name}" has no ${role} "${name}", which is to be replaced.${didYouMean(name, names)} ${has}`, name)
  }
  const what = node.role === 'operator' ? `an operator (${node.kind})` : `a ${node.role}`
  refuse(graph, `"${name}" of job "${graph.name}" is ${what} and no ${role}.${didYouMean(name, names)} ${has}`, name)
}

function checkDoubles(graph: JobGraph, entries: readonly (readonly [name: string, double: object])[]): void {
  const names = new Map<object, string>()
  for (const [name, double] of entries) {
    const other = names.get(double)
    if (other !== undefined) refuse(graph, `The same double replaces "${other}" and "${name}". Make one for each.`, name)
    if (double instanceof TestSink && double.transactions.generation > 0) {
      refuse(graph, `The double that replaces "${name}" was used by another test. Make one for each.`, name)
    }
    names.set(double, name)
  }
}

function refuse(graph: JobGraph, message: string, operator?: string): never {
  throw new MalstromError('ERR_TEST_REPLACEMENT', message, {
    context: { job: graph.name, ...(operator === undefined ? {} : { operator }) },
  })
}
