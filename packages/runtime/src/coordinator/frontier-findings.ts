import type { Finding, GraphNode, JobGraph, OperatorWait, SourceNode } from '@malstrom/core'
import { show } from '../worker/failure.ts'
import type { TaskReport, WorkerReport } from '../worker/worker-report.ts'
import { duration } from './duration.ts'

/** Sources without epochs that lead to something that needs them. */
export function epochFindings(graph: JobGraph, reports: readonly WorkerReport[]): Finding[] {
  const waiting = new Set(
    reports.flatMap(({ tasks }) =>
      tasks.flatMap(({ waits }) => waits.flatMap((wait) => (wait.waitsFor === 'epoch' ? [wait.operator] : []))),
    ),
  )
  const unfinished = new Set(reports.flatMap(({ tasks }) => tasks.flatMap((task) => (hasUnfinished(task) ? [task.head] : []))))
  return graph.nodes.flatMap((node) => {
    const { without, some } = epochSources(node)
    const missing = [...without].filter((source) => unfinished.has(source))
    // A sink needs no epochs; but where some of its sources have them, those of the others are missing.
    if (missing.length === 0 || !(waiting.has(node.name) || (node.role === 'sink' && some))) return []
    const sources = missing.map((name) => `"${name}"`).join(', ')
    return {
      kind: 'no-epochs',
      operator: node.name,
      message: `"${node.name}" waits for epochs, and source ${sources} upstream of it has none before its end. Give the source epochs, or put generateEpochs behind it.`,
    }
  })
}

function hasUnfinished({ partitions }: TaskReport): boolean {
  return partitions?.some(({ state }) => state !== 'finished') ?? false
}

/** The sources that lead to a node without epochs on the way, and whether others have some. */
function epochSources(node: GraphNode): { readonly without: Set<string>; readonly some: boolean } {
  const without = new Set<string>()
  let some = false
  const visit = (at: GraphNode) => {
    if (at.kind === 'generateEpochs' || (at.role === 'source' && at.epochs !== undefined)) some = true
    else if (at.role === 'source') without.add(at.name)
    else for (const { node: from } of at.inputs) visit(from)
  }
  visit(node)
  return { without, some }
}

/** The partitions that hold the frontier of a sink back. */
export function frontierFindings(graph: JobGraph, reports: readonly WorkerReport[]): Finding[] {
  const byWorker = new Map(reports.map((report) => [report.worker, report]))
  const seen = new Set<string>()
  const findings: Finding[] = []
  const follow = (worker: number, index: number) => {
    const place = `${worker} ${index}`
    const task = byWorker.get(worker)?.tasks[index]
    if (task === undefined || seen.has(place)) return
    seen.add(place)
    if (task.partitions !== undefined) findings.push(...holders(graph, worker, task, task.partitions))
    task.inputs.forEach(({ id, holds }, input) => {
      if (!holds) return
      if (task.exchange) follow(id, task.feeders[0] as number)
      else follow(worker, task.feeders[input] as number)
    })
  }
  for (const { worker, tasks } of reports) {
    tasks.forEach((task, index) => {
      if (task.sinks.length > 0) follow(worker, index)
    })
  }
  return findings
}

function holders(graph: JobGraph, worker: number, { head }: TaskReport, partitions: NonNullable<TaskReport['partitions']>): Finding[] {
  const source = graph.nodes.find(({ name }) => name === head) as SourceNode
  const generators = source.epochs === undefined ? epochGenerators(graph, source) : []
  // Without epochs of any kind there is no frontier that something could hold back.
  if (source.epochs === undefined && generators.length === 0) return []
  return partitions
    .filter(({ holds }) => holds)
    .map((partition): Finding => {
      const { frontier, frontierForMs, silentForMs, state } = partition
      const silence = state === 'idle' ? `, and it has had nothing to read for ${duration(silentForMs)}` : ''
      const where = `Partition ${show(partition.partition)} of source "${head}" on worker ${worker}`
      const held =
        source.epochs === undefined
          ? `${where} decides the frontier with the other partitions, through the records that "${generators.join('", "')}" sees`
          : frontier === undefined
            ? `${where} holds the frontier back: it has had no epoch yet`
            : `${where} holds the frontier back: its own is ${show(frontier)}, for ${duration(frontierForMs)}`
      return {
        kind: 'frontier',
        worker,
        operator: head,
        partition: partition.partition,
        frontier,
        forMs: source.epochs === undefined ? silentForMs : frontierForMs,
        message: `${held}${silence}.${hint(source, state)}`,
      }
    })
}

function hint({ epochs }: SourceNode, state: string): string {
  if (state !== 'idle' || epochs === undefined || epochs.idleAfterMs !== undefined) return ''
  return ' With idleAfterMs, a partition that stays silent is not waited for.'
}

/** The operators that make epochs of the records of a source. */
function epochGenerators({ nodes }: JobGraph, source: SourceNode): string[] {
  return nodes.filter((node) => node.kind === 'generateEpochs' && readsFrom(node, source)).map(({ name }) => name)
}

function readsFrom(node: GraphNode, source: SourceNode): boolean {
  return node.inputs.some(({ node: from }) => from === source || (from.kind !== 'generateEpochs' && readsFrom(from, source)))
}

const waitsForText: Record<OperatorWait['waitsFor'], (until: string) => string> = {
  epoch: (until) => `the frontier to reach ${until}`,
  time: (until) => `the time ${until}`,
  record: () => 'other records',
  answer: () => 'an answer',
}

/** What operators keep back. */
export function waitFindings(reports: readonly WorkerReport[]): Finding[] {
  return reports.flatMap(({ worker, tasks }) =>
    tasks.flatMap(({ waits }) =>
      waits.map(({ operator, waitsFor, what, count, until }): Finding => {
        const first = waitsForText[waitsFor](until === undefined ? 'their end' : show(until))
        return {
          kind: 'waiting',
          worker,
          operator,
          count,
          ...(until === undefined ? {} : { frontier: until }),
          message: `"${operator}" on worker ${worker} keeps ${count} ${what}; the first of them waits for ${first}.`,
        }
      }),
    ),
  )
}

/** Partitions that have nothing to read. */
export function idleFindings(reports: readonly WorkerReport[]): Finding[] {
  return reports.flatMap(({ worker, tasks }) =>
    tasks.flatMap(({ head, partitions = [] }) =>
      partitions
        .filter(({ state }) => state === 'idle')
        .map(({ partition, silentForMs, excluded }): Finding => {
          const waited = excluded ? '; the frontier does not wait for it' : ''
          const text = `Partition ${show(partition)} of source "${head}" on worker ${worker} has nothing to read for ${duration(silentForMs)}${waited}.`
          return { kind: 'idle', worker, operator: head, partition, forMs: silentForMs, message: text }
        }),
    ),
  )
}
