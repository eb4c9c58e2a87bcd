import { firstEventAt, handLoops } from '@malstrom/app-nexmark'
import { serve } from '../own-process.ts'
import { d2tsNexmark } from '../peers/d2ts-nexmark.ts'
import { keptByHand } from '../peers/kept-by-hand.ts'
import { KeptEvents } from '../peers/kept-events.ts'
import { malstromNexmark } from '../peers/malstrom-nexmark.ts'
import { pollute } from '../pollute.ts'
import { checksumOf } from './nexmark.ts'

// Started by nexmark-peers.ts: one contestant with the events that it runs on.
const [name, query, count, which] = process.argv.slice(2) as [string, keyof typeof d2tsNexmark, string, 'all' | 'without_bids']

const contestants = {
  d2ts: d2tsNexmark[query],
  malstrom: (kept: KeptEvents) => malstromNexmark(query, kept),
  hand: (keptByHand as Partial<typeof d2tsNexmark>)[query],
}
const run = contestants[name as keyof typeof contestants]
if (run === undefined) throw new Error(`${name} has no ${query}.`)
if (name !== 'hand') await pollute([name])
const kept = new KeptEvents(Number(count), which === 'all' ? undefined : ({ kind }) => kind !== 'bid')
const checksum = checksumOf(handLoops[query](firstEventAt((kept.times.at(-1) as number) + 1), 'splitmix'))
// Those who take rows have them before the clock starts: the first run, in which they are made, is none of those that count.
serve({ name, records: kept.events.length, checksum, run: async () => checksumOf(await run(kept)) })
