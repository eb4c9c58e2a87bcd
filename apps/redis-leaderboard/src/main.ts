/** A leaderboard in Redis that follows a stream of points: `pnpm redis-leaderboard`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { RedisServer } from '@malstrom/services'
import { Redis } from 'ioredis'
import { type Execution, multiThread } from 'malstrom'
import job, { type Params } from './job.ts'

const PLAYERS = ['ann', 'bob', 'cid', 'dora', 'eve', 'finn', 'gus', 'hana', 'ivo', 'jill']
/** How many points come at a time, and how long after the last ones. */
const BATCH = 500
const PAUSE_MS = 20
const PATIENCE_MS = 60_000

const { values } = parseArgs({ options: { url: { type: 'string' }, rounds: { type: 'string', default: '50000' } } })
const rounds = Number(values.rounds)
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error(`--rounds is a whole number above 0, not ${values.rounds}.`)
process.exitCode = await (values.url === undefined ? withOwnRedis() : play(values.url))

async function withOwnRedis(): Promise<number> {
  const missing = RedisServer.missing()
  if (missing !== undefined) {
    console.error(
      `There is no Redis to start: ${missing}. Or start one with docker compose up --wait redis, and give --url redis://localhost:6379.`,
    )
    return 1
  }
  await using redis = await RedisServer.start()
  return await play(redis.url)
}

/** What is scored in one round, which is the same in every run. */
function scoreOf(round: number) {
  return { player: PLAYERS[(round * 7919) % PLAYERS.length] as string, points: (round * 31) % 17 }
}

async function play(url: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'malstrom-leaderboard-'))
  const suffix = Date.now().toString(36) // So that a Redis that is kept can be used again.
  const params: Params = { url, points: `points-${suffix}`, leaders: `leaders-${suffix}`, channel: `announcements-${suffix}`, directory }
  const redis = new Redis(url)
  const listener = new Redis(url)
  let announced = 0
  listener.on('message', (_channel, text: string) => {
    if (announced++ < 5) console.log(`announced: ${text}`)
  })
  await listener.subscribe(params.channel)
  const start = () => multiThread({ workers: 2, snapshotIntervalMs: 200 }).start(job, params)
  let execution: Execution | undefined
  try {
    execution = await start()
    const half = Math.ceil(rounds / 2)
    await addPoints(redis, params.points, 0, half)
    await execution.suspend()
    console.log(`The job is suspended after ${half} rounds. Points go on, and so does the job when it starts again.`)
    await addPoints(redis, params.points, half, rounds)
    execution = await start()
    return (await isComplete(redis, params.leaders)) ? await report(redis, params.leaders, announced) : 1
  } finally {
    await execution?.cancel()
    listener.disconnect()
    redis.disconnect()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function addPoints(redis: Redis, stream: string, from: number, to: number): Promise<void> {
  for (let round = from; round < to; ) {
    const pipeline = redis.pipeline()
    for (const end = Math.min(to, round + BATCH); round < end; round++) pipeline.xadd(stream, '*', 'value', JSON.stringify(scoreOf(round)))
    await pipeline.exec()
    await sleep(PAUSE_MS)
  }
}

function expectedTotals(): Map<string, number> {
  const totals = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    const { player, points } = scoreOf(round)
    totals.set(player, (totals.get(player) ?? 0) + points)
  }
  return totals
}

/** Waits until the leaderboard has all points. */
async function isComplete(redis: Redis, leaders: string): Promise<boolean> {
  const expected = [...expectedTotals().values()].reduce((sum, points) => sum + points, 0)
  let sum = 0
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 100) {
    const scores = await redis.zrevrange(leaders, 0, -1, 'WITHSCORES')
    sum = scores.filter((_, index) => index % 2 === 1).reduce((all, points) => all + Number(points), 0)
    if (sum >= expected) return true
    await sleep(100)
  }
  console.error(`The leaderboard has ${sum} points after ${PATIENCE_MS / 1000} s, not ${expected}.`)
  return false
}

async function report(redis: Redis, leaders: string, announced: number): Promise<number> {
  const expected = expectedTotals()
  const board = await redis.zrevrange(leaders, 0, -1, 'WITHSCORES')
  let wrong = 0
  for (let at = 0; at < board.length; at += 2) {
    const [player = '', points] = board.slice(at, at + 2)
    const isRight = Number(points) === expected.get(player)
    if (!isRight) wrong++
    console.log(
      `${String(at / 2 + 1).padStart(2)}. ${player.padEnd(6)} ${String(points).padStart(8)}${isRight ? '' : `  WRONG: ${expected.get(player)}`}`,
    )
  }
  console.log(`${rounds} rounds, ${announced} announcements, ${wrong === 0 ? 'all totals right' : `${wrong} totals wrong`}.`)
  return wrong === 0 ? 0 : 1
}
