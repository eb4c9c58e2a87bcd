import { defineJob, fromIterable, memoryPersistence, singleThread, toConsole } from 'malstrom'

const job = defineJob({
  name: 'squares',
  module: import.meta.url,
  build(flow) {
    flow
      .source('numbers', fromIterable([1, 2, 3]))
      .map('square', (n) => n * n)
      .sink('stdout', toConsole())
  },
})

const execution = await singleThread({ persistence: memoryPersistence(), snapshotIntervalMs: 1_000 }).start(job)
await execution.finished
const { state, recordsIn, snapshot } = execution.status()
console.log(state, recordsIn, snapshot)
