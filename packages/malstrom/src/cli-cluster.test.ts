import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { checkClusterOutput, clusterJob } from './fixture/cluster-job.ts'
import { CommandProcess, freeAddress } from './fixture/command-process.ts'

const root = mkdtempSync(join(tmpdir(), 'malstrom-cli-cluster-'))
const processes: CommandProcess[] = []
const slow = { timeout: 120_000 }
let folders = 0

beforeAll(async () => {
  const made = run(root, 'keys', 'keys')
  expect(await made.ended()).toBe(0)
})
afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.dispose()))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function run(folder: string, ...args: string[]): CommandProcess {
  const started = new CommandProcess(folder, args)
  processes.push(started)
  return started
}

/** A folder with a job, and commands for it. */
async function clusterIn() {
  const folder = join(root, `${++folders}`)
  const { mkdirSync } = await import('node:fs')
  mkdirSync(folder)
  writeFileSync(join(folder, 'job.mjs'), clusterJob('counts'))
  writeFileSync(join(folder, 'other.mjs'), clusterJob('other'))
  writeFileSync(join(folder, 'changed.mjs'), clusterJob('counts').replace("'count'", "'sum'"))
  const address = await freeAddress()
  const keys = ['--keys', '../keys']
  const state = ['--state', 'file:./state', '--snapshot-interval', '100ms']
  return {
    folder,
    address,
    coordinator: (workers: number, ...more: string[]) =>
      run(
        folder,
        'coordinator',
        'job.mjs',
        '--workers',
        `${workers}`,
        '--listen',
        address,
        '--worker-silence',
        '2s',
        ...state,
        ...keys,
        ...more,
      ),
    worker: (file = 'job.mjs', ...more: string[]) => run(folder, 'worker', file, '--coordinator', address, ...keys, ...more),
    rescale: async (workers: number) => {
      const command = run(folder, 'rescale', address, `${workers}`, ...keys)
      const status = await command.ended()
      return { status, text: command.stdout + command.stderr }
    },
    status: async () => {
      const command = run(folder, 'status', address, '--json', ...keys)
      expect(await command.ended()).toBe(0)
      return JSON.parse(command.stdout)
    },
    /** Waits until something was committed after now. */
    progress: async () => {
      const names = () => (readdirSync(folder).includes('out') ? readdirSync(join(folder, 'out')).sort() : [])
      const last = names().at(-1)
      await vi.waitFor(() => expect(names().at(-1) !== last).toBe(true), { timeout: 30_000, interval: 20 })
    },
    /** Lets the job end, and throws unless every record of it was counted once. */
    finish: async (coordinator: CommandProcess) => {
      writeFileSync(join(folder, 'finish'), '')
      expect(await coordinator.ended()).toBe(0)
      const total = checkClusterOutput(folder)
      expect(total).toBeGreaterThan(0)
      expect(coordinator.stderr).toContain(`finished: ${total.toLocaleString('en-US')} in, ${total.toLocaleString('en-US')} out`)
    },
  }
}

describe('malstrom coordinator and malstrom worker', () => {
  it('run a job on workers that are started by hand, and turn others away', slow, async () => {
    const { folder, address, coordinator, worker, rescale, status, progress, finish } = await clusterIn()
    expect(statSync(join(root, 'keys/cluster.keys')).mode & 0o077).toBe(0)
    const first = coordinator(2)
    const workers = [worker(), worker()]
    await progress()
    // One after the other is started, all of them fail.
    run(folder, 'keys', '../other')
    const [again, otherJob, changed] = [coordinator(2), worker('other.mjs'), worker('changed.mjs')]
    expect(await again.ended()).toBe(1)
    expect(again.stderr).toContain('ERR_ADDRESS_IN_USE')
    expect(await otherJob.ended()).toBe(1)
    expect(otherJob.stderr).toContain('ERR_PEER_REFUSED: The coordinator has turned this process away: it runs job "other"')
    expect(await changed.ended()).toBe(1)
    expect(changed.stderr).toContain('both need the same version of the job')
    const stranger = run(folder, 'worker', 'job.mjs', '--coordinator', address, '--keys', '../other', '--join-limit', '1s')
    expect(await stranger.ended()).toBe(1)
    expect(stranger.stderr).toContain('it may have another public key')
    await first.says(/Turned away .* runs job "other"/)
    await first.says(/Turned away .* has another graph/)
    await first.says('Turned away a connection: it expects an endpoint with another public key.')

    expect(await rescale(0)).toMatchObject({ status: 1, text: expect.stringContaining('ERR_RESCALE') })
    expect(await rescale(3)).toMatchObject({ status: 1, text: expect.stringContaining('no process has joined that is none yet') })
    expect(await rescale(1)).toEqual({ status: 0, text: 'The job runs on 1 worker now.\n' })
    expect(await status()).toMatchObject({ job: { state: 'running', restarts: 0 }, workers: [{ worker: 0 }], spares: [expect.any(String)] })
    await progress()
    await finish(first)
    for (const each of workers) {
      expect(await each.ended()).toBe(0)
      expect(each.stderr).toContain('job "counts" ended: finished')
    }
  })

  it('go on when a worker was killed and another one joins, and when one was frozen, replaced and wakes', slow, async () => {
    const { coordinator, worker, progress, finish } = await clusterIn()
    const first = coordinator(2)
    const [killed, frozen] = [worker(), worker()]
    await progress()
    killed.kill('SIGKILL')
    await first.says('1 of 2 workers are there.', 2)
    worker()
    await progress()

    frozen.kill('SIGSTOP')
    await first.says('1 of 2 workers are there.', 3)
    worker()
    await progress()
    frozen.kill('SIGCONT')
    await frozen.says('It joins again.')
    await frozen.says('Has joined job "counts"', 2)
    await progress()
    await finish(first)
    expect(await frozen.ended()).toBe(0)
  })

  it('wait for a coordinator that was killed to come back', slow, async () => {
    const { coordinator, worker, progress, finish } = await clusterIn()
    const killed = coordinator(2)
    const workers = [worker(), worker()]
    await progress()
    killed.kill('SIGKILL')
    await killed.ended()
    const second = coordinator(2)
    for (const each of workers) await each.says('Has joined job "counts"', 2)
    await progress()
    await finish(second)
    for (const each of workers) expect(await each.ended()).toBe(0)
  })
})
