import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { CONTEXT } from '../fixture/read-partition.ts'
import { stdinLines } from './stdin.ts'

it('a worker thread says that it has no standard input, instead of finding it empty', async () => {
  const program = `
    const { parentPort, workerData } = require('node:worker_threads')
    import('tsx/esm/api')
      .then(({ register }) => (register(), import(workerData.module)))
      .then(({ stdinLines }) => stdinLines().openPartition('stdin', undefined, { signal: new AbortController().signal }))
      .then(() => 'it was opened', (error) => error.message)
      .then((said) => parentPort.postMessage(said))`
  const workerData = { module: new URL('./stdin.ts', import.meta.url).href }
  const thread = new Worker(program, { eval: true, workerData, execArgv: ['--conditions=@malstrom/source'] })
  expect((await once(thread, 'message'))[0]).toMatch(/a worker thread has no standard input\. Run the job/)
  await thread.terminate()
  await (await stdinLines({ stream: new PassThrough() }).openPartition('stdin', undefined, CONTEXT)).close()
})
