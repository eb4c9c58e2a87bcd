import { contest } from '../contest.ts'
import type { Figure } from '../figure.ts'
import { benchCases } from './bench-cases.ts'
import { runCodec } from './codec.ts'
import { runExchangeRing } from './exchange-ring.ts'
import { runExchangeThreads } from './exchange-threads.ts'
import { runExchangeZeromq } from './exchange-zeromq.ts'
import { runExchangeZeromqRaw } from './exchange-zeromq-raw.ts'
import { runIdle } from './idle.ts'
import { runJoins } from './joins.ts'
import { runKafka } from './kafka.ts'
import { runKafkaRead } from './kafka-read.ts'
import { runKafkaStalled } from './kafka-stalled.ts'
import { runNexmarkByHand } from './nexmark.ts'
import { runNexmarkMemory } from './nexmark-memory.ts'
import { runNexmarkPeers } from './nexmark-peers.ts'
import { runNexmarkThreads } from './nexmark-threads.ts'
import { runPollution } from './pollution.ts'
import { runRedis } from './redis.ts'
import { runRescalePause } from './rescale-pause.ts'
import { runScaling } from './scaling.ts'
import { runSlidingWindow } from './sliding-window.ts'
import { runRestore, runSnapshotStall, runSnapshotTotal } from './snapshot.ts'
import { runSnapshotCost } from './snapshot-cost.ts'
import { runSoak } from './soak.ts'
import { runStalledSink } from './stalled-sink.ts'

export interface Case {
  readonly name: string
  readonly about: string
  /** Measures in this process, which nothing else has run in; for so long, where that can be chosen. */
  run(minutes?: number): Promise<Figure[]>
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
  { name: 'exchange-zeromq', about: 'records from one process to another over ZeroMQ: how many, and how fast', run: runExchangeZeromq },
  { name: 'exchange-zeromq-raw', about: 'frames to another process over ZeroMQ, and how long they take', run: runExchangeZeromqRaw },
  {
    name: 'sliding-window',
    about: 'sliding windows of 60 s every second against tumbling ones, and both against loops by hand',
    run: runSlidingWindow,
  },
  { name: 'joins', about: 'each join of two streams against a loop by hand', run: runJoins },
  { name: 'redis', about: 'records of 256 bytes from one Redis Stream to another, against a loop over ioredis', run: runRedis },
  { name: 'soak', about: 'memory, latency and pauses of a job over a real Redis that runs for --minutes', run: runSoak },
  { name: 'kafka', about: 'records of 256 bytes from one Kafka topic to another, against a loop over kafkajs; and latency', run: runKafka },
  { name: 'kafka-read', about: 'records of a real Kafka into a job, against a bare consumer of kafkajs', run: runKafkaRead },
  { name: 'kafka-stalled', about: 'memory of a job that is faster than a Kafka which does not answer', run: runKafkaStalled },
  { name: 'nexmark', about: 'the queries of Nexmark against a loop by hand; both make the events', run: runNexmarkByHand },
  { name: 'nexmark-threads', about: 'two threads against one on the queries with most state', run: runNexmarkThreads },
  { name: 'nexmark-peers', about: 'the queries of Nexmark that d2ts can express, against it', run: runNexmarkPeers },
  { name: 'nexmark-memory', about: 'memory over ten million events, where state expires with the frontier', run: runNexmarkMemory },
  { name: 'restore', about: 'a million keys from disk', run: runRestore },
]
