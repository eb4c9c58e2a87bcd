import { ask } from '../client/persist.ts'
import { type RedisAnswer, type RedisPort, RedisRefusal } from '../client/redis-port.ts'
import { fieldsOf } from './stream-info.ts'

/** What XINFO GROUPS says of one group; `undefined` if there is none. */
export function groupOf(answer: RedisAnswer, name: string): Map<string, unknown> | undefined {
  if (answer instanceof Error) throw answer
  return (answer as unknown[]).map(fieldsOf).find((fields) => String(fields.get('name')) === name)
}

export async function hasGroup(port: RedisPort, stream: string, group: string): Promise<boolean> {
  try {
    return groupOf(await ask(port, ['xinfo', 'groups', stream]), group) !== undefined
  } catch (thrown) {
    if (thrown instanceof RedisRefusal && thrown.message.includes('no such key')) return false
    throw thrown
  }
}

/** Makes a group that begins after an entry, or after all with `$`; somebody else may make it at the same time. */
export async function makeGroup(port: RedisPort, stream: string, group: string, after: string, createStream: boolean): Promise<void> {
  try {
    await ask(port, ['xgroup', 'CREATE', stream, group, after, ...(createStream ? ['MKSTREAM'] : [])])
  } catch (thrown) {
    if (!(thrown instanceof RedisRefusal)) throw thrown
    if (thrown.code === 'BUSYGROUP') return
    if (!/requires the key to exist/.test(thrown.message)) throw thrown
    throw new RedisRefusal(`There is no stream "${stream}". Check the name, or set group.createStream to begin with an empty one.`)
  }
}
