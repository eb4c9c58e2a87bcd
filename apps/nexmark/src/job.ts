import { defineJob, diskPersistence, type Flow, forEach } from 'malstrom'
import { answerSink } from './answer-sink.ts'
import { sharedControl } from './chaos-control.ts'
import { type EventOptions, eventEpochs, eventSource } from './event-source.ts'
import type { NexmarkEvent } from './events.ts'
import { type QueryName, queries } from './queries/index.ts'

export interface NexmarkParams extends EventOptions {
  readonly query: QueryName
  /** Where the answer is kept: `answerMemory`. */
  readonly answer: SharedArrayBuffer
  /** When the first event was read, in milliseconds since 1970: one number. */
  readonly begun: SharedArrayBuffer
  /** Keeps generators on several threads together: `alignmentMemory`. */
  readonly alignment?: SharedArrayBuffer
  /** Where the run is steered from, if it is: `chaosMemory`. */
  readonly chaos?: SharedArrayBuffer
}

export interface KeptNexmarkParams extends NexmarkParams {
  /** The directory for the state of the job. */
  readonly directory: string
}

/** One query over the events. */
export const nexmark = defineJob<NexmarkParams>({ name: 'nexmark', module: import.meta.url, build })

/** The same with its state on disk, so that it survives the loss of workers and can be rescaled. */
export const keptNexmark = defineJob<KeptNexmarkParams>({
  name: 'nexmark-kept',
  module: import.meta.url,
  persistence: ({ directory }) => diskPersistence(directory),
  build,
})

function build(flow: Flow, params: NexmarkParams): void {
  const query = queries[params.query]
  const control = params.chaos === undefined ? undefined : sharedControl(params.chaos)
  const source = eventSource(params, { begun: () => noteBeginning(params.begun), alignment: params.alignment, control })
  if (!query.epochs) {
    query.results(flow.source('events', source)).sink('answer', answerSink(query, params.answer))
    return
  }
  const { onTime, late } = flow.source('events', source, { epochs: eventEpochs(params.outOfOrder) })
  query.results(onTime).sink('answer', answerSink(query, params.answer))
  late.sink('late', forEach(refuseLate))
}

function noteBeginning(begun: SharedArrayBuffer): void {
  const times = new Float64Array(begun)
  // Of threads that begin within the same microsecond, either may be the first.
  if (times[0] === 0) times[0] = performance.timeOrigin + performance.now()
}

/** Epochs promise no more than the order of the events keeps, so a late event is a mistake. */
function refuseLate(event: NexmarkEvent, _key: unknown, timestamp: number): never {
  throw new Error(`An event is behind the frontier, at ${timestamp}: ${JSON.stringify(event)}.`)
}
