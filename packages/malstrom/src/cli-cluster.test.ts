import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { ClusterFolder } from './fixture/cluster-folder.ts'

let cluster: ClusterFolder | undefined
afterEach(async () => cluster?.dispose())

// What else can go wrong: cli-cluster.e2e.test.ts.
it('malstrom coordinator runs a job on workers that are started by hand, one of which is killed and replaced', {
  timeout: 120_000,
}, async () => {
  cluster = await ClusterFolder.make()
  expect(statSync(join(cluster.path, 'keys/cluster.keys')).mode & 0o077).toBe(0)
  const coordinator = cluster.coordinator(2, '--worker-silence', '2s')
  const [killed, worker] = [cluster.worker(), cluster.worker()]
  await cluster.progress()

  const replacement = cluster.worker()
  await coordinator.says('has joined.', 3)
  killed.kill('SIGKILL')
  await coordinator.says(/is gone: .*(could not reach it|nobody listens)/)
  await cluster.progress()
  expect(await cluster.explain()).toMatch(/^Job "counts" is running\. Its frontier is .*\. The last snapshot is version \d+, .* old\.\n/)
  expect(await cluster.rescale(1)).toEqual({ status: 0, text: 'The job runs on 1 worker now.\n' })
  await cluster.progress()
  await cluster.finish(coordinator)
  for (const each of [worker, replacement]) {
    expect(await each.ended()).toBe(0)
    expect(each.stderr).toContain('job "counts" ended: finished')
  }
})
