import { Databases } from './databases.ts'
import { failureOf } from './failure.ts'
import type { ProcessOptions, Reply, Request } from './messages.ts'

/**
 * The process that has the databases open. Not a thread of the job's process: a call of SlateDB that comes back to a thread that was
 * terminated crashes the whole process, and one that gets stuck inside SlateDB can only be ended with its process.
 *
 *     parent -> { id, call }
 *     child  -> { id, value } | { id, failure }        in any order
 *     child  -> { id: undefined, failure }             it cannot start
 *
 * It ends when the parent does, and otherwise only when it is asked to: signals from a terminal go to both, and the parent may
 * have a last snapshot to write.
 */
async function main(options: ProcessOptions): Promise<void> {
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {})
  process.on('disconnect', () => process.exit())
  const databases = await start(options)
  if (databases === undefined) return
  process.on('message', ({ id, call }: Request) => {
    const answer = async () => {
      try {
        reply({ id, value: await databases.run(call) })
      } catch (error) {
        reply({ id, failure: failureOf(error) })
      }
    }
    void answer()
  })
}

async function start(options: ProcessOptions): Promise<Databases | undefined> {
  let binding: typeof import('@slatedb/uniffi')
  try {
    binding = await import(options.binding)
  } catch (error) {
    reply({ id: undefined, failure: { kind: 'Binding', message: error instanceof Error ? error.message : String(error) } })
    return undefined
  }
  try {
    return new Databases(binding, options)
  } catch (error) {
    reply({ id: undefined, failure: failureOf(error) })
    return undefined
  }
}

function reply(message: Reply): void {
  // The parent may have gone meanwhile.
  if (process.connected) process.send?.(message)
}

await main(JSON.parse(process.argv[2] ?? '{}') as ProcessOptions)
