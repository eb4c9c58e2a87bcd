import { posix } from 'node:path'
import type { Repository, Rule } from '../repository.ts'

const BACK = 'what a method of a stream gives is a stream again, also where a folder of operators declares the method'

/** Files whose types may lead back to them, for a reason: path to reason. */
const LED_BACK_TO: Readonly<Record<string, string>> = {
  'packages/operators/src/stream/stream.ts': BACK,
  'packages/operators/src/stream/keyed-stream.ts': BACK,
}

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
      const relative = module.imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier, typeOnly }) => ({ imported: posix.join(posix.dirname(path), specifier), typeOnly }))
      const counted = relative.filter(({ imported, typeOnly }) => !(typeOnly && Object.hasOwn(LED_BACK_TO, imported)))
      return [path, counted.map(({ imported }) => imported)]
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
