import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Execution, Job, ProcessTransportModule } from '@malstrom/core'
import { diskPersistence } from '@malstrom/persistence'
import { errorOf } from '@malstrom/testing'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { checkEndlessOutput, type EndlessParams, endlessJob, finishEndlessJob } from '../fixture/endless-job.ts'
import { differentJob, localJob, type ThreadsParams, threadsJob } from '../fixture/threads-job.ts'
import { type ClusterOptions, cluster } from './cluster.ts'
import { clusterControl } from './cluster-control.ts'
import { type JoinClusterOptions, type JoinedCluster, joinCluster } from './join-cluster.ts'

const transport = new URL('../../../transport-zeromq/src/index.ts', import.meta.url).href
const { generateKeys } = (await import(transport)) as ProcessTransportModule
const keys = generateKeys()
const security = { keys }

const folder = mkdtempSync(join(tmpdir(), 'malstrom-cluster-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const slow = { timeout: 60_000 }
const lines: string[] = []
const logger = (line: string) => void lines.push(line)
const joined: JoinedCluster[] = []
const executions: Execution[] = []

afterEach(async () => {
  for (const execution of executions.splice(0)) await execution.cancel()
  for (const each of joined.splice(0)) await each.leave()
  lines.length = 0
})

let folders = 0
/** A job that ends when it is told so. */
function endlessParams(): EndlessParams {
  const own = join(folder, `${++folders}`)
  mkdirSync(own)
  return { folder: own, partitions: 3, keys: 10 }
}

/** Lets the job end, and throws unless every record was counted once, in order. */
async function finish(execution: Execution, params: EndlessParams): Promise<void> {
  const reads = () => execution.status().state === 'running' && execution.status().recordsIn > 0
  await vi.waitFor(() => expect(reads()).toBe(true), 20_000)
  finishEndlessJob(params.folder)
  await execution.finished
  const total = checkEndlessOutput(params.folder)
  expect(execution.status()).toMatchObject({ recordsIn: total, recordsOut: total })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

const listenAt = async () => `tcp://127.0.0.1:${await freePort()}`

function coordinate(listen: string, more: Partial<ClusterOptions> = {}) {
  return cluster({ workers: 1, transport, listen, security, logger, snapshotIntervalMs: 100, ...more })
}

function joinAt(coordinator: string, more: Partial<JoinClusterOptions> = {}): JoinedCluster {
  const each = joinCluster({ job: endlessJob, coordinator, transport, security, logger, ...more })
  each.ended.catch(() => {})
  joined.push(each)
  return each
}

/** A job that runs on as many workers as have joined. */
async function running(count: number, params: EndlessParams = endlessParams()) {
  const listen = await listenAt()
  const starting = coordinate(listen, { workers: count }).start(endlessJob, params)
  const members = Array.from({ length: count }, () => joinAt(listen))
  const execution = await starting
  executions.push(execution)
  return { listen, execution, members, params }
}

const controlOf = (coordinator: string) => clusterControl({ coordinator, transport, security })

describe('a cluster', () => {
  it('runs a job when its workers have joined, is rescaled from outside, and tells them of the end', slow, async () => {
    const { listen, execution, members, params } = await running(1)
    members.push(joinAt(listen))
    await vi.waitFor(() => expect(lines.filter((line) => line.includes('has joined.'))).toHaveLength(2), 20_000)
    const control = await controlOf(listen)
    await control.rescale(2)
    const status = await control.status()
    expect(status).toMatchObject({ job: { job: 'endless', state: 'running' }, workers: [{ worker: 0 }, { worker: 1 }], spares: [] })
    await control.rescale(1)
    expect((await control.status()).spares).toEqual([status.workers[1]?.address])
    // The same process becomes a worker again, another one of the same generation.
    await control.rescale(2)
    expect((await control.status()).workers).toEqual([status.workers[0], { ...status.workers[1], worker: 2 }])
    await control.rescale(1)
    await control.rescale(2)
    control.close()
    await finish(execution, params)
    expect(execution.status().restarts).toBe(0)
    expect(await Promise.all(members.map(({ ended }) => ended))).toEqual(['finished', 'finished'])
  })

  it('goes back to its last snapshot when a worker leaves, and goes on with a spare and with one that joins later', slow, async () => {
    const { listen, execution, members, params } = await running(2)
    joinAt(listen)
    await vi.waitFor(() => expect(execution.status().snapshot).toBeGreaterThan(0), 20_000)
    await members[0]?.leave()
    await vi.waitFor(() => expect(execution.status()).toMatchObject({ state: 'running', restarts: 1 }), 20_000)
    await members[1]?.leave()
    await vi.waitFor(() => expect(lines.at(-1)).toBe('1 of 2 workers are there.'), 20_000)
    joinAt(listen)
    await finish(execution, params)
    expect(execution.status().restarts).toBe(2)
    expect(await members[0]?.ended).toBe('left')
  })

  it('refuses what cannot be, and goes on unharmed', slow, async () => {
    const { listen, execution, params } = await running(1)
    const control = await controlOf(listen)
    expect(await errorOf(control.rescale(0))).toMatchObject({ code: 'ERR_RESCALE', message: expect.stringContaining('0 workers') })
    const tooMany = await errorOf(control.rescale(3))
    expect(tooMany).toMatchObject({
      code: 'ERR_RESCALE',
      message: expect.stringContaining(`malstrom worker <job file> --coordinator ${listen}`),
    })
    expect(tooMany.message).toContain('cannot get 2 more workers: no process has joined that is none yet')
    const spare = joinAt(listen)
    await vi.waitFor(async () => expect((await control.status()).spares).toHaveLength(1), 20_000)
    const [first, second] = await Promise.allSettled([control.rescale(2), control.rescale(1)])
    expect([first?.status, second]).toMatchObject(['fulfilled', { reason: { message: expect.stringContaining('is being rescaled') } }])
    control.close()
    await finish(execution, params)
    expect(execution.status().restarts).toBe(0)
    expect(await spare.ended).toBe('finished')
  })

  it('turns away who does not belong to it, with a line in the log', slow, async () => {
    const { listen, execution, params } = await running(1)
    const refusalOf = (more: Partial<JoinClusterOptions>) => errorOf(joinAt(listen, more).ended)
    expect(await refusalOf({ job: localJob })).toMatchObject({ code: 'ERR_PEER_REFUSED', message: expect.stringContaining('job "local"') })
    const changed = { ...differentJob, name: 'endless' } as Job<never>
    expect(await refusalOf({ job: changed })).toMatchObject({ code: 'ERR_PEER_REFUSED', message: expect.stringContaining('another graph') })
    const foreign = { keys: generateKeys(), coordinatorKey: keys.publicKey }
    const refused = await refusalOf({ security: foreign })
    expect(refused).toMatchObject({ code: 'ERR_PEER_REFUSED', message: expect.stringContaining('does not accept the public key') })
    // ZeroMQ hangs up on a stranger without a word.
    const stranger = connect(Number(listen.split(':').at(-1)), '127.0.0.1')
    stranger.on('error', () => {})
    stranger.end('GET / HTTP/1.1\r\n\r\n')
    // Who expects another coordinator cannot be told so: it tries until its time is over.
    expect(await refusalOf({ security: { keys: generateKeys() }, joinLimitMs: 2_000 })).toMatchObject({
      code: 'ERR_PEER_REFUSED',
      message: expect.stringContaining('another public key'),
    })
    for (const text of ['it runs job "local"', 'has another graph', 'its public key is not one of', 'another public key'])
      await vi.waitFor(() => expect(lines.some((line) => line.includes('Turned away') && line.includes(text))).toBe(true), 20_000)
    expect(lines.join()).not.toContain(foreign.keys.secretKey)
    await finish(execution, params)
    expect(execution.status().restarts).toBe(0)
  })

  it('waits for its workers, but not for ever, and harms no other coordinator of the job', slow, async () => {
    const { listen, execution, params } = await running(1)
    const other = await listenAt()
    const missing = await errorOf(coordinate(other, { workers: 2, joinLimitMs: 300 }).run(endlessJob, params))
    expect(missing).toMatchObject({
      code: 'ERR_WORKERS_MISSING',
      message: expect.stringContaining(`needs 2 workers, and none has joined ${other}`),
    })
    expect(await errorOf(coordinate(listen).run(endlessJob, params))).toMatchObject({ code: 'ERR_ADDRESS_IN_USE' })
    await finish(execution, params)
    expect(execution.status().restarts).toBe(0)
  })

  it('is cancelled while it waits for somebody to take a place, and while nobody has a question', slow, async () => {
    const { listen, execution, members } = await running(1)
    await members[0]?.leave()
    await vi.waitFor(() => expect(execution.status().state).toBe('restarting'), 20_000)
    const control = await controlOf(listen)
    expect(await errorOf(control.rescale(2))).toMatchObject({ code: 'ERR_NOT_RUNNING' })
    await execution.cancel()
    expect(execution.status().state).toBe('cancelled')
    expect(await errorOf(control.status())).toBeInstanceOf(Error)
    control.close()
  })

  it('fails its workers with the reason when the job fails', slow, async () => {
    const listen = await listenAt()
    const params: ThreadsParams = { partitions: 3, records: 100, keys: 10, fail: { at: 50, how: 'throw' } }
    const failed = errorOf(coordinate(listen, { workers: 2 }).run(threadsJob, params))
    const members = [1, 2].map(() => joinAt(listen, { job: threadsJob }))
    expect(await failed).toMatchObject({ code: 'ERR_OPERATOR_FAILED' })
    for (const { ended } of members) expect((await errorOf(ended)).message).toMatch(/Job "threads" has failed: .*"trouble".*trouble/)
  })

  it('does without a worker that keeps its state elsewhere, which says so and ends', slow, async () => {
    const { listen, execution, params } = await running(1)
    const elsewhere: Job<never> = { ...endlessJob, persistence: (given: EndlessParams) => diskPersistence(join(given.folder, 'elsewhere')) }
    const unfit = joinAt(listen, { job: elsewhere })
    await vi.waitFor(() => expect(lines.filter((line) => line.includes('has joined.'))).toHaveLength(2), 20_000)
    // The rescale takes the job back to its last snapshot, with those that are fit.
    expect(await errorOf(execution.rescale(2))).toMatchObject({ code: 'ERR_WORKER_LOST', message: expect.stringContaining('elsewhere') })
    expect(await errorOf(unfit.ended)).toMatchObject({ code: 'ERR_STATE_LOCATION', message: expect.stringContaining('use S3') })
    await finish(execution, params)
  })

  it('says what is wrong', async () => {
    const listen = 'tcp://0.0.0.0:0'
    expect(await errorOf(coordinate(listen, { security: undefined as never }).run(endlessJob, endlessParams()))).toMatchObject({
      code: 'ERR_TRANSPORT_INSECURE',
    })
    expect(() => coordinate(undefined as never)).toThrow('listen is an address')
    expect(() => coordinate(listen, { workerSilenceMs: 30_000 })).toThrow('at most 20000')
    expect(() => coordinate(listen, { joinLimitMs: 0 })).toThrow('joinLimitMs is above 0')
    expect(() => coordinate(listen, { transport: undefined as never })).toThrow('transport is the URL')
    expect(() => joinCluster({ job: threadsJob, transport } as never)).toThrow('coordinator is an address')
    expect(() => joinCluster({ job: threadsJob, coordinator: listen, transport, key: '' } as never)).toThrow('key')
    expect(await errorOf(clusterControl({ coordinator: 'nowhere', transport }))).toMatchObject({ code: 'ERR_ADDRESS_INVALID' })
    const nobody = await clusterControl({ coordinator: await listenAt(), transport, connectLimitMs: 100 })
    expect(await errorOf(nobody.status())).toMatchObject({ code: 'ERR_LINK_LOST' })
    nobody.close()
  })
})
