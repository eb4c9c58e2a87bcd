import { contest } from '../contest.ts'
import type { Figure } from '../figure.ts'
import { benchCases } from './bench-cases.ts'
import { runCodec } from './codec.ts'
import { runExchangeRing } from './exchange-ring.ts'
import { runExchangeThreads } from './exchange-threads.ts'
import { runExchangeZeromq } from './exchange-zeromq.ts'
import { runIdle } from './idle.ts'
import { runKafkaRead } from './kafka-read.ts'
import { runPollution } from './pollution.ts'
import { runRedis } from './redis.ts'
import { runRescalePause } from './rescale-pause.ts'
import { runScaling } from './scaling.ts'
import { runRestore, runSnapshotStall, runSnapshotTotal } from './snapshot.ts'
import { runSnapshotCost } from './snapshot-cost.ts'
import { runStalledSink } from './stalled-sink.ts'

export interface Case {
  readonly name: string
  readonly about: string
  /** Measures in this process, which nothing else has run in. */
  run(): Promise<Figure[]>
}

export const cases: readonly Case[] = [
  ...benchCases.map((benchCase) => ({ name: benchCase.name, about: benchCase.about, run: () => contest(benchCase) })),
  { name: 'pollution', about: 'pipeline-5 in a process that ran other pipelines before, against a fresh process', run: runPollution },
  {
    name: 'exchange-ring',
    about: 'frames between two threads over rings, against messages with the same bytes',
    run: runExchangeRing,
  },
  { name: 'idle', about: 'CPU time of a job whose source says nothing', run: runIdle },
  { name: 'stalled-sink', about: 'memory while a sink is stuck, and over the whole run', run: runStalledSink },
  {
    name: 'snapshot-stall',
    about: 'how long a snapshot of a million changed keys keeps the worker from its records',
    run: runSnapshotStall,
  },
  { name: 'snapshot-total', about: 'a snapshot of a million changed keys to disk, and of 1% of them', run: runSnapshotTotal },
  { name: 'snapshot-cost', about: 'keyed-100k with a snapshot every second against none', run: runSnapshotCost },
  { name: 'codec', about: 'frames of records to bytes and back', run: runCodec },
  { name: 'exchange-threads', about: 'records from one thread to another: how many, and how fast', run: runExchangeThreads },
  { name: 'scaling', about: 'a job that needs CPU time, on two threads against one', run: runScaling },
  {
    name: 'rescale-pause',
    about: 'a million keys from one worker to two and back, and after a worker was lost',
    run: runRescalePause,
  },
  { name: 'exchange-zeromq-raw', about: 'frames to another process over ZeroMQ, and how long they take', run: runExchangeZeromq },
  { name: 'redis', about: 'records of 256 bytes from one Redis Stream to another, against a loop over ioredis', run: runRedis },
  { name: 'kafka-read', about: 'records of a real Kafka into a job, against a bare consumer of kafkajs', run: runKafkaRead },
  { name: 'restore', about: 'a million keys from disk', run: runRestore },
]
