import type { SourceFile } from '../repository.ts'

const ADAPTERS = [
  /^packages\/runtime\/src\/hosts?(\/|-|\.)/,
  /^packages\/runtime\/src\/(thread|process)\//,
  /^packages\/(transport|persistence|connector)(-[a-z0-9-]+)?\//,
  /^packages\/testing\//,
  /^packages\/malstrom\/src\/cli(\/|-|\.)/,
  /^(apps|tooling)\//,
]

/** Adapters are where the engine meets the outer world: only they, and tests, may use clocks, timers, dice, files and sockets. */
export function isAdapter(file: SourceFile): boolean {
  return file.isTest || ADAPTERS.some((adapter) => adapter.test(file.path))
}

export const ADAPTER_LIST =
  "runtime's host, thread and process folders, transports, persistence, connectors, testing, malstrom's cli, apps, tooling and tests"
