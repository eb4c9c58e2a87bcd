import type { GraphNode, JobGraph } from '@malstrom/core'
import { edgesOf, outputName, traitsOf } from './graph-edges.ts'

const shapes: Record<GraphNode['role'], readonly [open: string, close: string]> = {
  source: ['([', '])'],
  operator: ['[', ']'],
  sink: ['[(', ')]'],
}

/** A Mermaid flowchart. Records cross to the worker of their key on thick arrows. */
export function graphMermaid(graph: JobGraph): string {
  const ids = new Map(graph.nodes.map((node, index) => [node, `n${index}`]))
  const nodes = graph.nodes.map((node) => {
    const [open, close] = shapes[node.role]
    const lines = [node.kind, node.name, ...traitsOf(node)].map(escaped)
    return `  ${ids.get(node)}${open}"${lines.join('<br/>')}"${close}`
  })
  const edges = edgesOf(graph).map(({ from, output, to }) => {
    const arrow = from.role === 'operator' && from.exchange !== undefined ? '==>' : '-->'
    const name = outputName(from, output)
    return `  ${ids.get(from)} ${arrow}${name === undefined ? '' : `|"${escaped(name)}"|`} ${ids.get(to)}`
  })
  return `${['flowchart LR', ...nodes, ...edges].join('\n')}\n`
}

const LETTERS_AND_SPACES = /[\p{L}\p{M}\p{N} ]/u
/** `by-airport`, but not the list `- airport`. */
const INSIDE_WORDS = /(?<=[\p{L}\p{N}])[-._'](?=[\p{L}\p{N}])/u
const OTHERS = new RegExp(`(?!${LETTERS_AND_SPACES.source}|${INSIDE_WORDS.source}).`, 'gsu')

/** Text that Mermaid shows as it is: what its syntax, or the Markdown and HTML of its labels, might take for their own becomes an entity. */
function escaped(text: string): string {
  return text.replace(OTHERS, (character) => `#${character.codePointAt(0)};`)
}
