// What the workers of `malstrom relay --workers` import. The name of the job is in the query of the URL, and into how many shards it
// writes: a job is the same in every thread.
import { BroadcastChannel } from 'node:worker_threads'
import type { EndReport, PartitionEnd } from './end-of-source.ts'
import { relayJob } from './relay-job.ts'
import { relaySchemes } from './relay-schemes.ts'

const query = new URL(import.meta.url).searchParams
const name = query.get('name') ?? ''
const shards = query.has('shards') ? Number(query.get('shards')) : undefined

export default relayJob(name, import.meta.url, await relaySchemes(shards), ({ ends }) => (ends === undefined ? undefined : reportTo(ends)))

/** Tells the thread that coordinates the job. */
function reportTo(channelName: string): EndReport {
  const channel = new BroadcastChannel(channelName)
  channel.unref()
  // Partitions are listed by the thread that coordinates the job.
  return { listed: () => {}, at: (end: PartitionEnd) => channel.postMessage(end) }
}
