import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiThread, singleThread } from 'malstrom'
import { alignmentMemory } from './alignment.ts'
import { answerMemory, readAnswer } from './answer-sink.ts'
import { makeTrouble, WORKERS_MAX } from './chaos.ts'
import { ChaosOrders, chaosMemory } from './chaos-control.ts'
import { keptNexmark, type NexmarkParams, nexmark } from './job.ts'
import { type QueryName, queries } from './queries/index.ts'
import type { Answer } from './query.ts'
import type { SeedingName } from './seeding.ts'

/** Where workers come and go, each reads so many partitions of the source, so that it has some left to give. */
const PARTITIONS_TO_MOVE = 2
/** There partitions change more often, so that all of them are read whenever something happens. */
const CHAOS_BLOCK_EVENTS = 1_000
const SINK_PARTITIONS = 8
/** With trouble on the way, snapshots come so often that some are taken between two of it. */
const CHAOS_SNAPSHOT_MS = 50

export interface NexmarkOptions {
  readonly query: QueryName
  readonly events: number
  /** @default 'java' */
  readonly seed?: SeedingName
  /** Events come out of order within groups of so many. @default 1 */
  readonly outOfOrder?: number
  /** Threads. @default 1 */
  readonly workers?: number
  /** One worker has a thread of its own too, as several have. @default false */
  readonly ownThread?: boolean
  /** Ends five workers and rescales twice on the way; the number decides when. */
  readonly chaos?: number | undefined
}

export interface NexmarkResult {
  readonly query: QueryName
  readonly events: number
  readonly answer: Answer
  /** From when the first event is read to when the job has ended; threads take about a second more to start. */
  readonly seconds: number
  readonly eventsPerSecond: number
}

/** Runs one query and sums up its rows. */
export async function runNexmark(options: NexmarkOptions): Promise<NexmarkResult> {
  const { query, events, seed = 'java', outOfOrder = 1, workers = 1, ownThread = false, chaos } = options
  const alone = workers === 1 && !ownThread && chaos === undefined
  const partitions = chaos === undefined ? workers : PARTITIONS_TO_MOVE * Math.max(workers, WORKERS_MAX)
  const answer = answerMemory(alone || queries[query].spread === undefined ? 1 : SINK_PARTITIONS)
  const begun = new SharedArrayBuffer(8)
  const together = alone ? {} : { alignment: alignmentMemory(partitions) }
  const blockEvents = chaos === undefined ? undefined : CHAOS_BLOCK_EVENTS
  const params: NexmarkParams = { query, events, seed, outOfOrder, partitions, blockEvents, answer, begun, ...together }
  if (chaos !== undefined) await runWithTrouble(params, workers, chaos)
  else await (alone ? singleThread() : multiThread({ workers })).run(nexmark, params)
  const [firstMs = 0] = new Float64Array(begun)
  const seconds = (performance.timeOrigin + performance.now() - firstMs) / 1_000
  const { summary } = queries[query]
  return {
    query,
    events,
    answer: summary.answer(readAnswer(answer, summary)),
    seconds: Math.round(seconds * 1_000) / 1_000,
    eventsPerSecond: Math.round(events / seconds),
  }
}

async function runWithTrouble(params: NexmarkParams, workers: number, seed: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'malstrom-nexmark-'))
  try {
    const chaos = chaosMemory(params.partitions)
    const runtime = multiThread({
      workers,
      snapshotIntervalMs: CHAOS_SNAPSHOT_MS,
      onRestart: () => {},
    })
    await using execution = await runtime.start(keptNexmark, { ...params, chaos, directory })
    await Promise.all([makeTrouble(execution, new ChaosOrders(chaos), { events: params.events, seed }), execution.finished])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
