import { PassThrough } from 'node:stream'
import { expect, it, vi } from 'vitest'
import { CONTEXT } from '../fixture/read-partition.ts'
import { stdinLines } from './stdin.ts'

vi.mock('node:worker_threads', async (original) => ({ ...(await original<object>()), isMainThread: false }))

it('a worker thread says that it has no standard input, instead of finding it empty', async () => {
  expect(() => stdinLines().openPartition('stdin', undefined, CONTEXT)).toThrow(/a worker thread has no standard input\. Run the job/)
  await (await stdinLines({ stream: new PassThrough() }).openPartition('stdin', undefined, CONTEXT)).close()
})
