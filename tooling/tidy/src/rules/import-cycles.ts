import { posix } from 'node:path'
import type { Repository, Rule } from '../repository.ts'

/** No cycles, neither between the files of a package (type imports count) nor between packages. */
export const importCycles: Rule = (repository) => [
  ...findCycles(fileGraph(repository)).map(
    (cycle) => `Files import each other in a cycle: ${cycle.join(' -> ')}. Move what both need into a file of its own.`,
  ),
  ...findCycles(packageGraph(repository)).map(
    (cycle) => `Packages depend on each other in a cycle: ${cycle.join(' -> ')}. Move the contract they share into core.`,
  ),
]

type Graph = ReadonlyMap<string, readonly string[]>

function fileGraph({ sources }: Repository): Graph {
  return new Map(
    sources.map(({ path, module }) => {
      const relative = module.imports.filter(({ specifier }) => specifier.startsWith('.'))
      return [path, relative.map(({ specifier }) => posix.join(posix.dirname(path), specifier))]
    }),
  )
}

function packageGraph({ workspaces }: Repository): Graph {
  return new Map(workspaces.map(({ manifest }) => [manifest.name, Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })]))
}

/** One cycle for each back edge of a depth-first walk; the first node is repeated at the end. */
export function findCycles(graph: Graph): string[][] {
  const cycles: string[][] = []
  const finished = new Set<string>()
  const path: string[] = []
  const walk = (node: string) => {
    const start = path.indexOf(node)
    if (start !== -1) cycles.push([...path.slice(start), node])
    if (start !== -1 || finished.has(node)) return
    path.push(node)
    for (const next of graph.get(node) ?? []) walk(next)
    path.pop()
    finished.add(node)
  }
  for (const node of graph.keys()) walk(node)
  return cycles
}
