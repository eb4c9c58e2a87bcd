import type { Finding, Key } from '@malstrom/core'
import type { SinkReport, SinkWait } from '../sink/sink-station.ts'
import { show } from '../worker/failure.ts'
import type { TaskReport, WorkerReport } from '../worker/worker-report.ts'
import { duration } from './duration.ts'

/** Sinks that take nothing, and workers that do not take what was sent to them. */
export function blockedFindings(reports: readonly WorkerReport[]): Finding[] {
  return reports.flatMap(({ worker, tasks }) => [
    ...tasks.flatMap((task) => task.sinks.flatMap((sink) => sinkFinding(worker, sink, behindSink(tasks, task)))),
    ...tasks.flatMap((task) => creditFindings(worker, task)),
  ])
}

const waitText: Record<SinkWait, (partition: unknown) => string> = {
  opening: (partition) => `waits for its partition ${show(partition)} to open`,
  room: (partition) => `is saturated: its partition ${show(partition)} has not written out what it has`,
  snapshot: () => 'writes out what it has for a snapshot',
}

function sinkFinding(worker: number, { sink, waiting, held }: SinkReport, behind: number): Finding[] {
  // A snapshot that a sink takes part in is told of as that.
  if (waiting === undefined || waiting.what === 'snapshot') return []
  const { what, partition, forMs } = waiting
  const count = held + behind
  const records = count === 0 ? '' : `; ${count} records wait for it at least`
  return [
    {
      kind: 'back-pressure',
      worker,
      operator: sink,
      partition: partition as Key,
      forMs,
      count,
      message: `Sink "${sink}" on worker ${worker} ${waitText[what](partition)}, for ${duration(forMs)}${records}. What feeds it stands still.`,
    },
  ]
}

/** Records that wait on the edges that lead to the task of a sink. */
function behindSink(tasks: readonly TaskReport[], { feeders, exchange }: TaskReport): number {
  if (exchange) return 0
  return feeders.reduce((sum, feeder) => {
    const task = tasks[feeder]
    return task === undefined ? sum : sum + task.waiting + behindSink(tasks, task)
  }, 0)
}

function creditFindings(worker: number, { full }: TaskReport): Finding[] {
  return full.flatMap(({ operator, workers }) =>
    workers.map((toWorker): Finding => {
      const other = toWorker === worker ? `the next task of worker ${worker} has` : `worker ${toWorker} has`
      return {
        kind: 'credits',
        worker,
        operator,
        toWorker,
        message: `Worker ${worker} cannot send on from "${operator}": ${other} not taken what was sent to it, and gives no more credits.`,
      }
    }),
  )
}
