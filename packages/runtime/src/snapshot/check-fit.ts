import { type JobGraph, MalstromError } from '@malstrom/core'
import { keyedBy } from './keyed-by.ts'
import type { OperatorSnapshot, Snapshot, StateSnapshot } from './snapshot.ts'
import { stateFormOf } from './state-form.ts'

/**
 * Refuses a job that a snapshot does not fit, and names each difference. Operators may come, and those
 * without state may go; what would lose state, or read it wrongly, needs a word from the user.
 *
 * @throws MalstromError `ERR_SNAPSHOT_MISMATCH`
 */
export function checkFit(graph: JobGraph, snapshot: Snapshot, allowDropped: readonly string[]): void {
  const differences = [...stateDifferences(graph, snapshot), ...endDifferences(graph, snapshot)]
  const left = differences.filter(({ dropped }) => dropped === undefined || !allowDropped.includes(dropped))
  if (left.length === 0) return
  const dropped = left.flatMap((difference) => (difference.dropped === undefined ? [] : [difference.dropped]))
  const wayOut =
    dropped.length === 0 ? '' : ` To start without what is gone: allowDropped: [${dropped.map((name) => `'${name}'`).join(', ')}].`
  throw new MalstromError(
    'ERR_SNAPSHOT_MISMATCH',
    `Job "${graph.name}" does not fit snapshot ${snapshot.version}: ${left.map(({ text }) => text).join('; ')}.${wayOut}`,
    { context: { job: graph.name } },
  )
}

interface Difference {
  readonly text: string
  /** The name of what is gone. */
  readonly dropped?: string
}

function stateDifferences(graph: JobGraph, snapshot: Snapshot): Difference[] {
  return snapshot.operators.flatMap((saved) => {
    const { operator, state, kind } = saved
    if (state === undefined) return []
    const node = graph.nodes.find(({ name, role }) => name === operator && role === 'operator')
    if (node === undefined || node.role !== 'operator' || node.state === undefined) {
      return state.keys === 0
        ? []
        : [{ text: `operator "${operator}" (${kind}) is gone, with the states of ${state.keys} keys`, dropped: operator }]
    }
    if (node.kind !== kind)
      return [{ text: `operator "${operator}" was a ${kind} and is a ${node.kind} now; give the new one another name` }]
    return [
      ...keyDifferences(keyedBy(node), saved, state),
      ...formDifferences(saved, state, stateFormOf(node.state), node.state.migrate !== undefined),
    ]
  })
}

function keyDifferences(now: string | undefined, { operator }: OperatorSnapshot, { keyedBy: before }: StateSnapshot): Difference[] {
  if (before === now) return []
  return [
    {
      text: `the keys of operator "${operator}" came from "${before}" and come from "${now}" now, so its states would never be found; keep the name, or give the operator another one`,
    },
  ]
}

function formDifferences(
  { operator }: OperatorSnapshot,
  state: StateSnapshot,
  form: { readonly codec: string; readonly version: number },
  migrates: boolean,
): Difference[] {
  if (state.codec !== form.codec) {
    return [
      {
        text: `the states of operator "${operator}" were written with codec "${state.codec}" and would be read with "${form.codec}"; keep the codec, or give the operator another name`,
      },
    ]
  }
  if (state.version > form.version) {
    return [
      {
        text: `the states of operator "${operator}" have version ${state.version}, and the job knows only version ${form.version}: it is older than its state`,
      },
    ]
  }
  if (state.version < form.version && !migrates) {
    return [
      {
        text: `the states of operator "${operator}" have version ${state.version}, and the job has version ${form.version}; give it migrate(saved, version)`,
      },
    ]
  }
  return []
}

function endDifferences(graph: JobGraph, snapshot: Snapshot): Difference[] {
  const has = (name: string, role: string) => graph.nodes.some((node) => node.name === name && node.role === role)
  return [
    ...snapshot.sources
      .filter(({ source, partitions }) => partitions.length > 0 && !has(source, 'source'))
      .map(({ source }) => ({ text: `source "${source}" is gone, with its positions`, dropped: source })),
    ...snapshot.sinks
      .filter(({ sink, partitions }) => partitions.some(({ state }) => state !== undefined) && !has(sink, 'sink'))
      .map(({ sink }) => ({ text: `sink "${sink}" is gone, with what it may have staged`, dropped: sink })),
  ]
}
