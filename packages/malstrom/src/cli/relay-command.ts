import { resolve } from 'node:path'
import { parseStreamUrl, type StreamUrl, sinkFromUrl, sourceFromUrl, urlText } from '@malstrom/connector-file'
import { hashString, MalstromError, type Runtime } from '@malstrom/core'
import { multiThread, singleThread } from '@malstrom/runtime'
import type { Command, StateChoice } from './command-line.ts'
import { EndOfSource } from './end-of-source.ts'
import { workersOptions } from './load-job.ts'
import { type RelayParams, relayJob } from './relay-job.ts'
import { relaySchemes } from './relay-schemes.ts'
import { runToEnd } from './run-to-end.ts'
import { persistenceFromUrl } from './state-url.ts'
import { asUsage } from './stream-arguments.ts'

type RelayCommand = Extract<Command, { command: 'relay' }>

/** Moves a stream from one URL to another until it ends; answers the exit status. */
export async function relayCommand({ from, to, follow, delivery, shards, name, workers, state, quiet }: RelayCommand): Promise<number> {
  const [source, target] = [asUsage('--from', () => parseStreamUrl(from)), asUsage('--to', () => parseStreamUrl(to))]
  refuseLoop(source, target)
  if (workers !== undefined && source.scheme === 'stdio')
    throw new MalstromError('ERR_CLI_USAGE', 'Standard input has one reader. Leave --workers out, or read files, Kafka or Redis.')
  // What is printed cannot be taken back.
  const best = state.url === undefined || target.scheme === 'stdio' ? 'at-least-once' : 'exactly-once'
  // Only what keeps how far it is can go on after an end.
  const isEndless = state.url === undefined || follow || !['file', 'stdio'].includes(source.scheme ?? '')
  const end = new EndOfSource()
  const params: RelayParams = { from, to, follow, delivery: delivery ?? best, ends: isEndless ? undefined : end.channelName }
  const jobName = name ?? relayName(source, target)
  const schemes = await relaySchemes(shards)
  asUsage('--from', () => sourceFromUrl(from, { follow }, schemes))
  asUsage('--to', () => sinkFromUrl(to, { delivery: params.delivery }, schemes))
  const job = relayJob(jobName, workerModule(jobName, shards), schemes, ({ ends }) => (ends === undefined ? undefined : end))
  const runtime = await runtimeOf(workers, state)
  const start = async () => {
    const execution = await runtime.start(job, params)
    end.started(execution)
    return execution
  }
  try {
    return await runToEnd({ quiet, keepsState: state.url !== undefined, start })
  } finally {
    end.close()
  }
}

async function runtimeOf(workers: number | undefined, state: StateChoice): Promise<Runtime> {
  if (workers !== undefined) return multiThread({ ...workersOptions(state), workers })
  const { url, snapshotIntervalMs } = state
  return singleThread({
    ...(snapshotIntervalMs === undefined ? {} : { snapshotIntervalMs }),
    ...(url === undefined ? {} : { persistence: await persistenceFromUrl(url) }),
  })
}

/** What each worker imports in a thread of its own. */
function workerModule(jobName: string, shards: number | undefined): string {
  const url = new URL(import.meta.url.endsWith('.ts') ? './relay-worker.ts' : './relay-worker.js', import.meta.url)
  url.searchParams.set('name', jobName)
  if (shards !== undefined) url.searchParams.set('shards', String(shards))
  return url.href
}

/** The same for the same two URLs, whoever logs in: by it state is found again, and Kafka tells relays apart. */
function relayName(from: StreamUrl, to: StreamUrl): string {
  return `relay-${hashString(`${plainText(from)} ${plainText(to)}`)
    .toString(16)
    .padStart(8, '0')}`
}

function plainText(url: StreamUrl): string {
  return urlText({ ...url, nodes: url.nodes.map(({ address }) => ({ address })) })
}

/** A stream that is written where it is read never ends, and grows for ever. */
function refuseLoop(from: StreamUrl, to: StreamUrl): void {
  const [sources, targets] = [placesOf(from), placesOf(to)]
  const isSamePlace = from.scheme !== 'stdio' && targets.some((place) => sources.includes(place))
  // A file is one place, whatever streams are in it.
  const isSameStream = from.scheme === 'file' || to.keys.length === 0 || to.keys.some((key) => from.keys.includes(key))
  if (isSamePlace && isSameStream)
    throw new MalstromError('ERR_CLI_USAGE', `--to ${urlText(to)} is where --from ${urlText(from)} reads. Name another stream to write to.`)
}

function placesOf({ scheme = '', nodes }: StreamUrl): string[] {
  if (scheme === 'file') return nodes.map(({ address }) => resolve(address))
  const system = scheme.replace('rediss', 'redis')
  const port = system === 'kafka' ? 9092 : 6379
  return nodes.map(({ address }) => {
    const place = address.replace(/^localhost(?=:|$)/, '127.0.0.1').toLowerCase()
    return `${system} ${/:\d+$/.test(place) ? place : `${place}:${port}`}`
  })
}
