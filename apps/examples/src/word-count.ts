import { defineJob, fromIterable, singleThread, toConsole } from 'malstrom'

const job = defineJob({
  name: 'word-count',
  module: import.meta.url,
  build(flow) {
    flow
      .source('lines', fromIterable(['to be or', 'not to be']))
      .flatMap('words', (line) => line.split(' '))
      .keyDistribute('by-word', (word) => word)
      .map('one', () => 1)
      .reduce('count', (count, one) => count + one)
      .sink('stdout', toConsole())
  },
})

await singleThread().run(job)
