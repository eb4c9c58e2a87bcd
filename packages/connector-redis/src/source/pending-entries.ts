import { ask } from '../client/persist.ts'
import type { RedisPort } from '../client/redis-port.ts'
import { entriesOfRead, type FedEntries, fedEntries } from './entry-feed.ts'
import type { EntryId } from './entry-id.ts'
import { fieldsOf } from './stream-info.ts'

/** Ids in one request. */
export const PENDING_PAGE = 1_000

export interface PendingEntry {
  readonly id: EntryId
  readonly consumer: string
  /** How often it was given to a consumer. */
  readonly deliveries: number
}

export interface Consumer {
  readonly name: string
  readonly pending: number
}

/**
 * The entries that a group has given to consumers and that are not acknowledged. XAUTOCLAIM does not fit: it would also take what this
 * source itself has read and its next snapshot will contain. So it asks who has what (XPENDING, with the last id as a cursor), and takes
 * over by id (XCLAIM, which checks again how long an entry has been idle).
 */
export class PendingEntries {
  readonly #port: RedisPort
  readonly #stream: string
  readonly #group: string
  readonly #bytes: boolean

  constructor(port: RedisPort, stream: string, group: string, bytes: boolean) {
    this.#port = port
    this.#stream = stream
    this.#group = group
    this.#bytes = bytes
  }

  async consumers(): Promise<readonly Consumer[]> {
    const reply = (await ask(this.#port, ['xinfo', 'consumers', this.#stream, this.#group])) as unknown[]
    return reply.map((consumer) => {
      const fields = fieldsOf(consumer)
      return { name: String(fields.get('name')), pending: Number(fields.get('pending')) }
    })
  }

  /** All that one consumer has, in order. */
  async of(consumer: string): Promise<PendingEntry[]> {
    const all: PendingEntry[] = []
    for (let start = '-'; ; ) {
      const page = await this.#page([start, '+', String(PENDING_PAGE), consumer])
      all.push(...page)
      if (page.length < PENDING_PAGE) return all
      start = `(${page.at(-1)?.id}`
    }
  }

  /** What any consumer has had for so long, in pages; the cursor of the next one is `undefined` at the end. */
  async idle(idleMs: number, cursor: string): Promise<{ readonly entries: readonly PendingEntry[]; readonly next: string | undefined }> {
    const entries = await this.#page(['IDLE', String(idleMs), cursor, '+', String(PENDING_PAGE)])
    return { entries, next: entries.length < PENDING_PAGE ? undefined : `(${entries.at(-1)?.id}` }
  }

  /** Gives entries to `consumer`, if they have been idle for so long. Entries that no longer exist are not among those that come back. */
  async claim(consumer: string, idleMs: number, ids: readonly EntryId[], taken: boolean): Promise<FedEntries> {
    const reply = await ask(this.#port, ['xclaim', this.#stream, this.#group, consumer, String(idleMs), ...ids], this.#bytes)
    return fedEntries(entriesOfRead([[this.#stream, reply]]), { taken })
  }

  /** Removes consumers that have nothing any more; one that has got something meanwhile stays. */
  async remove(consumers: readonly string[]): Promise<void> {
    await ask(this.#port, ['eval', REMOVE_CONSUMERS, '1', this.#stream, this.#group, ...consumers])
  }

  async #page(range: readonly string[]): Promise<PendingEntry[]> {
    const reply = (await ask(this.#port, ['xpending', this.#stream, this.#group, ...range])) as unknown[][]
    return reply.map(([id, consumer, , deliveries]) => ({ id: String(id), consumer: String(consumer), deliveries: Number(deliveries) }))
  }
}

/** XGROUP DELCONSUMER forgets what is pending, so it must not happen between two looks. */
export const REMOVE_CONSUMERS = `
local wanted = {}
for i = 2, #ARGV do wanted[ARGV[i]] = true end
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local fields = {}
  for i = 1, #consumer, 2 do fields[consumer[i]] = consumer[i + 1] end
  if wanted[fields['name']] and fields['pending'] == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], fields['name']) end
end
return 0`
