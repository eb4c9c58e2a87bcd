import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ProcessTransportModule } from '@malstrom/core'
import { expect, it, vi } from 'vitest'
import { threadsJob as job, type ThreadsParams } from '../fixture/threads-job.ts'
import type { ClusterSecurity } from '../process/cluster-messages.ts'
import { cluster } from './cluster.ts'
import { clusterControl } from './cluster-control.ts'
import { joinCluster } from './join-cluster.ts'

const transport = new URL('../../../transport-zeromq/src/index.ts', import.meta.url).href

// #region readme
/** One process coordinates the job: it starts when two others have joined. */
export async function coordinate(listen: string, security: ClusterSecurity, params: ThreadsParams) {
  await cluster({ workers: 2, transport, listen, security }).run(job, params)
}

/** Those are started on any machine, and end with the job. */
export async function work(coordinator: string, security: ClusterSecurity) {
  return joinCluster({ job, coordinator, transport, security }).ended
}

/** Anybody who has the keys can ask, and change the number of workers. */
export async function rescale(coordinator: string, security: ClusterSecurity, workers: number) {
  const control = await clusterControl({ coordinator, transport, security })
  await control.rescale(workers)
  const { spares } = await control.status()
  control.close()
  return spares.length
}
// #endregion

it('the example of the README works', { timeout: 30_000 }, async () => {
  const { generateKeys } = (await import(transport)) as ProcessTransportModule
  const security = { keys: generateKeys() }
  const folder = mkdtempSync(join(tmpdir(), 'malstrom-readme-'))
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  const address = `tcp://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
  try {
    const params = { partitions: 2, records: 1_000, keys: 5, pauseMs: 5, directory: join(folder, 'state'), until: join(folder, 'until') }
    const coordinated = coordinate(address, security, params)
    const workers = [work(address, security), work(address, security)]
    // Until the job has begun, there is nothing to rescale.
    expect(await vi.waitFor(() => rescale(address, security, 1), { timeout: 20_000, interval: 100 })).toBe(1)
    writeFileSync(params.until, '')
    await coordinated
    expect(await Promise.all(workers)).toEqual(['finished', 'finished'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
