import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Execution, Job, ProcessTransportModule } from '@malstrom/core'
import { diskPersistence } from '@malstrom/persistence'
import { errorOf } from '@malstrom/testing'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
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
function paramsOf(more: Partial<ThreadsParams> = {}): ThreadsParams & { readonly output: string } {
  const own = join(folder, `${++folders}`)
  return { partitions: 3, records: 1_000, keys: 10, directory: `${own}-state`, output: `${own}.txt`, ...more }
}

/** Throws unless every record of every key was counted once, in order. */
function checkOutput({ output, partitions, records, keys }: ReturnType<typeof paramsOf>): void {
  const results = readFileSync(output, 'utf8').trim().split('\n')
  expect(results).toHaveLength(partitions * records)
  for (let key = 0; key < keys; key++) {
    const counts = results.filter((line) => line.startsWith(`${key} `)).map((line) => Number(line.split(' ')[1]))
    expect(counts).toEqual(Array.from({ length: (partitions * records) / keys }, (_, index) => index + 1))
  }
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
  const each = joinCluster({ job: threadsJob, coordinator, transport, security, logger, ...more })
  each.ended.catch(() => {})
  joined.push(each)
  return each
}

/** A job that runs on as many workers as have joined. */
async function running(count: number, params: ThreadsParams, more: Partial<ClusterOptions> = {}) {
  const listen = await listenAt()
  const starting = coordinate(listen, { workers: count, ...more }).start(threadsJob, params)
  const members = Array.from({ length: count }, () => joinAt(listen))
  const execution = await starting
  executions.push(execution)
  return { listen, execution, members }
}

const controlOf = (coordinator: string) => clusterControl({ coordinator, transport, security })

describe('a cluster', () => {
  it('runs a job when its workers have joined, is rescaled from outside, and tells them of the end', slow, async () => {
    const params = paramsOf({ records: 3_000, pauseMs: 4 })
    const { listen, execution, members } = await running(1, params)
    members.push(joinAt(listen))
    await vi.waitFor(() => expect(lines.filter((line) => line.includes('has joined.'))).toHaveLength(2), 5_000)
    const control = await controlOf(listen)
    await control.rescale(2)
    const status = await control.status()
    expect(status).toMatchObject({ job: { job: 'threads', state: 'running' }, workers: [{ worker: 0 }, { worker: 1 }], spares: [] })
    await control.rescale(1)
    expect((await control.status()).spares).toEqual([status.workers[1]?.address])
    control.close()
    await execution.finished
    expect(execution.status().restarts).toBe(0)
    expect(await Promise.all(members.map(({ ended }) => ended))).toEqual(['finished', 'finished'])
    checkOutput(params)
  })

  it('goes back to its last snapshot when a worker leaves, and goes on with a spare and with one that joins later', slow, async () => {
    const params = paramsOf({ records: 3_000, pauseMs: 4 })
    const { listen, execution, members } = await running(2, params)
    joinAt(listen)
    await vi.waitFor(() => expect(execution.status().snapshot).toBeGreaterThan(0), 5_000)
    await members[0]?.leave()
    await vi.waitFor(() => expect(execution.status()).toMatchObject({ state: 'running', restarts: 1 }), 5_000)
    await members[1]?.leave()
    await vi.waitFor(() => expect(lines.at(-1)).toBe('1 of 2 workers are there.'), 5_000)
    joinAt(listen)
    await execution.finished
    expect(execution.status().restarts).toBe(2)
    checkOutput(params)
    expect(await members[0]?.ended).toBe('left')
  })

  it('refuses what cannot be, and goes on unharmed', slow, async () => {
    const params = paramsOf({ records: 3_000, pauseMs: 4 })
    const { listen, execution } = await running(1, params)
    const control = await controlOf(listen)
    expect(await errorOf(control.rescale(0))).toMatchObject({ code: 'ERR_RESCALE', message: expect.stringContaining('0 workers') })
    const tooMany = await errorOf(control.rescale(3))
    expect(tooMany).toMatchObject({
      code: 'ERR_RESCALE',
      message: expect.stringContaining(`malstrom worker <job file> --coordinator ${listen}`),
    })
    expect(tooMany.message).toContain('cannot get 2 more workers: no process has joined that is none yet')
    const spare = joinAt(listen)
    await vi.waitFor(async () => expect((await control.status()).spares).toHaveLength(1), 5_000)
    const [first, second] = await Promise.allSettled([control.rescale(2), control.rescale(1)])
    expect([first?.status, second]).toMatchObject(['fulfilled', { reason: { message: expect.stringContaining('is being rescaled') } }])
    control.close()
    await execution.finished
    expect(execution.status().restarts).toBe(0)
    expect(await spare.ended).toBe('finished')
    checkOutput(params)
  })

  it('turns away who does not belong to it, with a line in the log', slow, async () => {
    const params = paramsOf({ records: 3_000, pauseMs: 4 })
    const { listen, execution } = await running(1, params)
    const refusalOf = (more: Partial<JoinClusterOptions>) => errorOf(joinAt(listen, more).ended)
    expect(await refusalOf({ job: localJob })).toMatchObject({ code: 'ERR_PEER_REFUSED', message: expect.stringContaining('job "local"') })
    const changed = { ...differentJob, name: 'threads' } as Job<never>
    expect(await refusalOf({ job: changed })).toMatchObject({ code: 'ERR_PEER_REFUSED', message: expect.stringContaining('another graph') })
    const foreign = { keys: generateKeys(), coordinatorKey: keys.publicKey }
    const refused = await refusalOf({ security: foreign })
    expect(refused).toMatchObject({ code: 'ERR_PEER_REFUSED', message: expect.stringContaining('does not accept the public key') })
    // ZeroMQ hangs up on a stranger without a word.
    const stranger = connect(Number(listen.split(':').at(-1)), '127.0.0.1')
    stranger.on('error', () => {})
    stranger.end('GET / HTTP/1.1\r\n\r\n')
    // Who expects another coordinator cannot be told so: it tries until its time is over.
    expect(await refusalOf({ security: { keys: generateKeys() }, joinLimitMs: 500 })).toMatchObject({
      code: 'ERR_PEER_REFUSED',
      message: expect.stringContaining('it may have another public key'),
    })
    for (const text of ['it runs job "local"', 'has another graph', 'its public key is not one of', 'another public key'])
      await vi.waitFor(() => expect(lines.some((line) => line.includes('Turned away') && line.includes(text))).toBe(true), 5_000)
    expect(lines.join()).not.toContain(foreign.keys.secretKey)
    await execution.finished
    expect(execution.status().restarts).toBe(0)
    checkOutput(params)
  })

  it('waits for its workers, but not for ever, and harms no other coordinator of the job', slow, async () => {
    const params = paramsOf({ records: 3_000, pauseMs: 4 })
    const { listen, execution } = await running(1, params)
    const other = await listenAt()
    const missing = await errorOf(coordinate(other, { workers: 2, joinLimitMs: 300 }).run(threadsJob, params))
    expect(missing).toMatchObject({
      code: 'ERR_WORKERS_MISSING',
      message: expect.stringContaining(`needs 2 workers, and none has joined ${other}`),
    })
    expect(await errorOf(coordinate(listen).run(threadsJob, params))).toMatchObject({ code: 'ERR_ADDRESS_IN_USE' })
    await execution.finished
    expect(execution.status().restarts).toBe(0)
    checkOutput(params)
  })

  it('is cancelled while it waits for somebody to take a place, and while nobody has a question', slow, async () => {
    const { listen, execution, members } = await running(1, paramsOf({ records: 30_000, pauseMs: 4 }))
    await members[0]?.leave()
    await vi.waitFor(() => expect(execution.status().state).toBe('restarting'), 5_000)
    const control = await controlOf(listen)
    expect(await errorOf(control.rescale(2))).toMatchObject({ code: 'ERR_NOT_RUNNING' })
    await execution.cancel()
    expect(execution.status().state).toBe('cancelled')
    expect(await errorOf(control.status())).toBeInstanceOf(Error)
    control.close()
  })

  it('fails its workers with the reason when the job fails', slow, async () => {
    const { directory: _nowhere, output: _none, ...params } = paramsOf({ records: 100, fail: { at: 50, how: 'throw' } })
    const { execution, members } = await running(2, params)
    expect(await errorOf(execution.finished)).toMatchObject({ code: 'ERR_OPERATOR_FAILED' })
    for (const { ended } of members) expect((await errorOf(ended)).message).toMatch(/Job "threads" has failed: .*"trouble".*trouble/)
  })

  it('does without a worker that keeps its state elsewhere, which says so and ends', slow, async () => {
    const params = paramsOf({ records: 3_000, pauseMs: 4 })
    const { listen, execution } = await running(1, params)
    const elsewhere: Job<never> = { ...threadsJob, persistence: (given: ThreadsParams) => diskPersistence(`${given.directory}-elsewhere`) }
    const unfit = joinAt(listen, { job: elsewhere })
    await vi.waitFor(() => expect(lines.filter((line) => line.includes('has joined.'))).toHaveLength(2), 5_000)
    // The rescale takes the job back to its last snapshot, with those that are fit.
    expect(await errorOf(execution.rescale(2))).toMatchObject({ code: 'ERR_WORKER_LOST', message: expect.stringContaining('elsewhere') })
    expect(await errorOf(unfit.ended)).toMatchObject({ code: 'ERR_STATE_LOCATION', message: expect.stringContaining('use S3') })
    await execution.finished
    checkOutput(params)
  })

  it('says what is wrong', async () => {
    const listen = 'tcp://0.0.0.0:0'
    expect(await errorOf(coordinate(listen, { security: undefined as never }).run(threadsJob, paramsOf()))).toMatchObject({
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
