import type { GraphNode, JobGraph, Port } from '@malstrom/core'
import { edgesOf, type GraphEdge, outputName, traitsOf } from './graph-edges.ts'

/**
 * A tree per source: what reads a stream is below it, branches are indented. An operator with several
 * inputs is printed where the last of them ends; the others point to it.
 */
export function graphText(graph: JobGraph): string {
  const printer = new TreePrinter(graph)
  const trees = graph.nodes.filter(({ role }) => role === 'source').map((source) => printer.chain(source, '', ''))
  return `${[[`job ${quoted(graph.name)}, fingerprint ${graph.fingerprint}`], ...trees].map((lines) => lines.join('\n')).join('\n\n')}\n`
}

interface Branch {
  readonly label: string
  /** `undefined` if nobody reads the output. */
  readonly to: GraphNode | undefined
}

class TreePrinter {
  readonly #readers = new Map<GraphNode, GraphEdge[]>()
  readonly #missingInputs = new Map<GraphNode, number>()

  constructor(graph: JobGraph) {
    for (const node of graph.nodes) {
      this.#readers.set(node, [])
      this.#missingInputs.set(node, node.inputs.length)
    }
    for (const edge of edgesOf(graph)) this.#readers.get(edge.from)?.push(edge)
  }

  /** The lines of `node` and of all that follows it: the first line after `first`, the others after `rest`. */
  chain(node: GraphNode, first: string, rest: string): string[] {
    const missing = (this.#missingInputs.get(node) as number) - 1
    this.#missingInputs.set(node, missing)
    if (missing > 0) return [`${first}into ${quoted(node.name)}, below`]
    const lines = [first + describe(node)]
    if (node.role === 'sink') return lines
    const branches = this.#branches(node)
    const [only] = branches
    if (branches.length === 1 && only?.label === '' && only.to !== undefined) return [...lines, ...this.chain(only.to, rest, rest)]
    branches.forEach(({ label, to }, index) => {
      const isLast = index === branches.length - 1
      const [corner, bar] = isLast ? ['└─ ', '   '] : ['├─ ', '│  ']
      if (to === undefined) lines.push(`${rest}${corner}${label}nobody reads it`)
      else lines.push(...this.chain(to, rest + corner + label, rest + bar))
    })
    return lines
  }

  /** What reads each output; an output without a reader is a branch too. */
  #branches(node: Port['node']): Branch[] {
    const readers = this.#readers.get(node) ?? []
    return node.outputNames.flatMap((_name, output): Branch[] => {
      const name = outputName(node, output)
      const label = name === undefined ? '' : `${name}: `
      const reading = readers.filter((edge) => edge.output === output)
      return reading.length === 0 ? [{ label, to: undefined }] : reading.map(({ to }) => ({ label, to }))
    })
  }
}

function describe(node: GraphNode): string {
  const union = node.inputs.length > 1 ? [`union of ${node.inputs.map(portName).join(', ')}`] : []
  const notes = [...union, ...traitsOf(node)]
  const place = node.location === undefined ? '' : `  ${node.location}`
  return `${node.kind} ${quoted(node.name)}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}${place}`
}

function portName({ node, output }: Port): string {
  const name = outputName(node, output)
  return name === undefined ? quoted(node.name) : `${quoted(node.name)} ${name}`
}

function quoted(name: string): string {
  return JSON.stringify(name)
}
