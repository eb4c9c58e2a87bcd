import { type JobGraph, MalstromError } from '@malstrom/core'
import { expect, it } from 'vitest'
import { nodeEnvironment } from '../host/node-environment.ts'
import type { WorkerHandle } from '../worker/worker-handle.ts'
import { Generation } from './generation.ts'

const graph: JobGraph = { name: 'job', fingerprint: 'f', nodes: [] } as unknown as JobGraph

/** Workers that do nothing but end when the test says so, or when they are told to fail. */
function workersOf(count: number) {
  const ends: ((error: Error) => void)[] = []
  const told: unknown[][] = Array.from({ length: count }, () => [])
  const handle = (id: number): WorkerHandle => {
    const finished = new Promise<void>((_, reject) => {
      ends[id] = reject
    })
    const fail = (error: unknown) => void told[id]?.push(error)
    return { id, finished, fail, release: async () => {} } as unknown as WorkerHandle
  }
  return { ends, told, host: { start: async ({ id }: { id: number }) => handle(id) } }
}

it.each([
  ['ERR_WORKER_LOST', 'ERR_OPERATOR_FAILED'],
  ['ERR_OPERATOR_FAILED', 'ERR_WORKER_LOST'],
] as const)('of %s and %s, it says what is the cause of the other', async (first, second) => {
  const { ends, told, host } = workersOf(2)
  const generation = await Generation.start({
    graph,
    environment: nodeEnvironment,
    waitLimitMs: 1_000,
    host,
    workers: [0, 1],
    distributed: false,
    state: undefined,
  })
  ends[0]?.(new MalstromError(first, 'one'))
  await expect.poll(() => told[1]?.length).toBe(1)
  ends[1]?.(new MalstromError(second, 'two'))
  await expect(generation.finished).rejects.toMatchObject({ code: 'ERR_OPERATOR_FAILED' })
})
