import { defineJob, diskPersistence, fromIterable, singleThread, toConsole } from 'malstrom'

const job = (directory: string) =>
  defineJob({
    name: 'totals',
    module: import.meta.url,
    persistence: () => diskPersistence(directory),
    build(flow) {
      flow
        .source('numbers', fromIterable([1, 2, 3]))
        .keyDistribute('by parity', (n) => n % 2)
        .fold(
          'sum',
          () => 0,
          (sum, n) => sum + n,
        )
        .sink('totals', toConsole())
    },
  })

await singleThread({ snapshotIntervalMs: 10_000 }).run(job('./state'))
