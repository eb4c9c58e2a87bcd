import { afterEach, describe, expect, it } from 'vitest'
import { ClusterFolder } from './fixture/cluster-folder.ts'
import { freeAddress } from './fixture/command-process.ts'

const slow = { timeout: 120_000 }
const made: ClusterFolder[] = []
afterEach(async () => {
  await Promise.all(made.splice(0).map((each) => each.dispose()))
})

async function clusterOf(): Promise<ClusterFolder> {
  const cluster = await ClusterFolder.make()
  made.push(cluster)
  return cluster
}

describe('malstrom coordinator and malstrom worker', () => {
  it('turn away who does not belong to them, and refuse what cannot be', slow, async () => {
    const cluster = await clusterOf()
    const coordinator = cluster.coordinator(2)
    const workers = [cluster.worker(), cluster.worker()]
    expect(await cluster.run('keys', 'foreign').ended()).toBe(0)
    await cluster.progress()
    const [again, other, changed] = [cluster.coordinator(2), cluster.worker('other.mjs'), cluster.worker('changed.mjs')]
    const stranger = cluster.run('worker', 'job.mjs', '--coordinator', cluster.address, '--keys', 'foreign', '--join-limit', '3s')
    expect(await again.ended()).toBe(1)
    expect(again.stderr).toContain('ERR_ADDRESS_IN_USE')
    expect(await other.ended()).toBe(1)
    expect(other.stderr).toContain('ERR_PEER_REFUSED: The coordinator has turned this process away: it runs job "other"')
    expect(await changed.ended()).toBe(1)
    expect(changed.stderr).toContain('both need the same version of the job')
    await coordinator.says(/Turned away .* has another graph/)
    expect(await stranger.ended()).toBe(1)
    expect(stranger.stderr).toContain('another public key')
    await coordinator.says('Turned away a connection: it expects an endpoint with another public key.')

    expect(await cluster.rescale(0)).toMatchObject({ status: 1, text: expect.stringContaining('ERR_RESCALE') })
    expect(await cluster.rescale(3)).toMatchObject({ status: 1, text: expect.stringContaining('no process has joined that is none yet') })
    expect(await cluster.status()).toMatchObject({
      job: { job: 'counts', state: 'running', restarts: 0 },
      workers: [{ worker: 0 }, { worker: 1 }],
      spares: [],
    })
    await cluster.finish(coordinator)
    for (const each of workers) expect(await each.ended()).toBe(0)
  })

  it('go on when a worker was frozen, replaced, and wakes', slow, async () => {
    const cluster = await clusterOf()
    const coordinator = cluster.coordinator(2, '--worker-silence', '2s')
    const [frozen] = [cluster.worker(), cluster.worker()]
    await cluster.progress()
    frozen.kill('SIGSTOP')
    await coordinator.says('1 of 2 workers are there.', 2)
    cluster.worker()
    await cluster.progress()
    frozen.kill('SIGCONT')
    await frozen.says('It joins again.')
    await frozen.says('Has joined job "counts"', 2)
    await cluster.progress()
    await cluster.finish(coordinator)
    expect(await frozen.ended()).toBe(0)
  })

  it('go on when the coordinator was killed and is started again', slow, async () => {
    const cluster = await clusterOf()
    const killed = cluster.coordinator(2)
    const workers = [cluster.worker(), cluster.worker()]
    await cluster.progress()
    killed.kill('SIGKILL')
    await killed.ended()
    const coordinator = cluster.coordinator(2)
    for (const each of workers) await each.says('Has joined job "counts"', 2)
    await cluster.progress()
    await cluster.finish(coordinator)
    for (const each of workers) expect(await each.ended()).toBe(0)
  })

  it('end with a reason when nobody comes, and at Ctrl-C', slow, async () => {
    const cluster = await clusterOf()
    const alone = cluster.coordinator(2, '--join-limit', '1s')
    expect(await alone.ended()).toBe(1)
    expect(alone.stderr).toContain(
      `ERR_WORKERS_MISSING: Job "counts" needs 2 workers, and none has joined ${cluster.address} within 1000 ms.`,
    )
    const lonely = cluster.run('worker', 'job.mjs', '--coordinator', await freeAddress(), '--keys', 'keys', '--join-limit', '1s')
    const [waiting, leaving] = [cluster.coordinator(2), cluster.worker()]
    await leaving.says('Has joined')
    leaving.kill('SIGINT')
    expect(await leaving.ended()).toBe(130)
    await waiting.says(/is gone: it has left/)
    waiting.kill('SIGTERM')
    expect(await waiting.ended()).toBe(143)
    expect(await lonely.ended()).toBe(1)
    expect(lonely.stderr).toMatch(/ERR_LINK_LOST: .*the coordinator at tcp.* has not opened its end within 1000 ms/)
  })
})
