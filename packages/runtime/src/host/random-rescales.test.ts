import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Execution } from '@malstrom/core'
import { afterEach, expect, it, vi } from 'vitest'
import { checkEndlessOutput, endlessJob, finishEndlessJob } from '../fixture/endless-job.ts'
import { cluster } from './cluster.ts'

/** How often: RESCALES=200 npx vitest run packages/runtime/src/host/random-rescales */
const RESCALES = Number(process.env.RESCALES ?? 4)
const SEED = Number(process.env.SEED ?? 1 + (Date.now() % 100_000))
const WORKERS_MAX = 4
/** A job whose workers are lost more often than ten times in ten seconds gives up. */
const BETWEEN_KILLS_MS = 2_000

const transport = new URL('../../../transport-zeromq/src/index.ts', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 'malstrom-rescales-'))
const members: ChildProcess[] = []
let execution: Execution | undefined

afterEach(async () => {
  await execution?.cancel()
  for (const member of members) member.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}, 120_000) // Many rescales leave many files.

function addMember(coordinator: string): void {
  const entry = fileURLToPath(new URL('../fixture/member-process.ts', import.meta.url))
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = fork(entry, [coordinator, transport], { execArgv: ['--conditions=@malstrom/source', '--import', loader] })
  members.push(child)
  child.on('exit', () => members.splice(members.indexOf(child), 1))
}

async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  server.close()
  await once(server, 'close')
  return `tcp://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
}

/** Numbers from 0 to 1 that a seed decides. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

it(`${RESCALES} random rescales, with workers killed at random, lose no record and double none (seed ${SEED})`, {
  timeout: 60_000 + RESCALES * 10_000,
}, async () => {
  const random = dice(SEED)
  const [listen, params] = [await freeAddress(), { folder, partitions: 3, keys: 12 }]
  const host = cluster({ workers: 2, transport, listen, snapshotIntervalMs: 150, workerSilenceMs: 5_000, logger: () => {} })
  const starting = host.start(endlessJob, params)
  for (let n = 0; n < WORKERS_MAX; n++) addMember(listen)
  execution = await starting
  const running = execution
  const newest = () => (existsSync(join(folder, 'out')) ? readdirSync(join(folder, 'out')).sort().at(-1) : undefined)
  let done = 0
  let kills = 0
  let killedAt = Number.NEGATIVE_INFINITY
  for (let attempt = 0; done < RESCALES; attempt++) {
    // The first one always has its kill.
    const kill = attempt === 0 || (random() < 0.25 && performance.now() - killedAt > BETWEEN_KILLS_MS)
    if (kill) killedAt = performance.now()
    // A spare that was killed may still be taken for one. Without a kill a rescale only fails because not enough processes are there yet.
    const failures = performance.now() - killedAt < BETWEEN_KILLS_MS ? /ERR_(WORKER_LOST|LINK_LOST|NOT_RUNNING|RESCALE)/ : /ERR_RESCALE/
    const rescaled = running.rescale(1 + Math.floor(random() * WORKERS_MAX)).then(
      () => done++,
      (error) => expect(error).toMatchObject({ code: expect.stringMatching(failures) }),
    )
    if (kill) {
      await delay(random() * 150)
      members[Math.floor(random() * members.length)]?.kill('SIGKILL')
      kills++
      addMember(listen)
    }
    await rescaled
    const before = newest()
    const patience = { timeout: 60_000, interval: 20 }
    await vi.waitFor(() => expect(running.status().state === 'running' && newest() !== before).toBe(true), patience)
  }
  finishEndlessJob(folder)
  await running.finished
  const { recordsIn, recordsOut, restarts } = running.status()
  expect({ recordsIn, recordsOut }).toEqual({ recordsIn: checkEndlessOutput(folder), recordsOut: recordsIn })
  console.log(`${done} rescales, ${kills} kills, ${restarts} restarts, ${recordsIn} records, each counted once.`)
})
