import type { PersistenceBackend } from '@malstrom/core'
import { checkScope } from './path.ts'
import { ProcessLink } from './process-link.ts'
import { type SlateDbOptions, settingsOf } from './slatedb-options.ts'
import { SlateDbStore } from './slatedb-store.ts'

/**
 * Keeps state in SlateDB, an embedded database on top of a directory or an object store: one database for each scope, written by one
 * process at a time. Who opens a scope takes it over: writes of the process that had it before are refused with `ERR_FENCED`. Within one
 * backend a scope may be opened several times; reading works from anywhere.
 *
 * SlateDB runs in a process of its own, which ends with the backend, or with this process.
 */
export function slateDbPersistence(options: SlateDbOptions): PersistenceBackend {
  return slateDbPersistenceWith(options, '@slatedb/uniffi')
}

/** The same with a binding of any name; for tests. */
export function slateDbPersistenceWith(options: SlateDbOptions, binding: string): PersistenceBackend {
  const settings = settingsOf(options)
  let current: ProcessLink | undefined
  const link = () => {
    if (current === undefined || current.hasFailed) current = new ProcessLink(settings, binding)
    return current
  }
  const store = async (operation: 'open' | 'read', scope: string) => {
    checkScope(scope)
    const databases = link()
    return new SlateDbStore(databases, scope, await databases.call(`open "${scope}"`, { operation, scope }))
  }
  return {
    open: (scope) => store('open', scope),
    read: (scope) => store('read', scope),
    async close() {
      const ending = current
      current = undefined
      await ending?.end()
    },
  }
}
