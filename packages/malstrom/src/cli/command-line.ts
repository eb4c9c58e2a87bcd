import { parseArgs } from 'node:util'
import { didYouMean, MalstromError } from '@malstrom/core'
import { keysArguments, type PlaceChoice, placeChoice, rescaleArguments, statusArguments } from './cluster-arguments.ts'
import { type SnapshotsAction, snapshotsAction } from './snapshots-action.ts'
import {
  type RelayChoice,
  relayArguments,
  type StreamFileChoice,
  streamFileArguments,
  type TailChoice,
  tailArguments,
} from './stream-arguments.ts'

/** What the user asked for. */
export type Command =
  | { readonly command: 'help'; readonly topic: Topic | undefined }
  | { readonly command: 'version' }
  | { readonly command: 'nothing' }
  | ({
      readonly command: 'run'
      readonly quiet: boolean
      readonly workers: number | undefined
      readonly processes: number | undefined
      readonly state: StateChoice
    } & JobChoice)
  | ({ readonly command: 'snapshots'; readonly location: string; readonly json: boolean } & SnapshotsAction)
  | ({ readonly command: 'graph'; readonly format: GraphFormat } & JobChoice)
  | ({
      readonly command: 'coordinator'
      readonly quiet: boolean
      readonly workers: number
      readonly silenceMs: number | undefined
      readonly place: PlaceChoice
      readonly state: StateChoice
    } & JobChoice)
  | ({ readonly command: 'worker'; readonly quiet: boolean; readonly coordinator: string | undefined; readonly place: PlaceChoice } & Omit<
      JobChoice,
      'params'
    >)
  | { readonly command: 'explain'; readonly address: string; readonly keys: string | undefined; readonly json: boolean }
  | { readonly command: 'status'; readonly address: string; readonly keys: string | undefined; readonly json: boolean }
  | { readonly command: 'rescale'; readonly address: string; readonly workers: number; readonly keys: string | undefined }
  | { readonly command: 'keys'; readonly folder: string }
  | ({
      readonly command: 'relay'
      readonly quiet: boolean
      readonly workers: number | undefined
      readonly state: StateChoice
    } & RelayChoice)
  | ({ readonly command: 'tail' } & TailChoice)
  | ({ readonly command: 'stream-file'; readonly json: boolean } & StreamFileChoice)

/** Where a job keeps its state, and what it goes on from. */
export interface StateChoice {
  readonly url: string | undefined
  readonly snapshotIntervalMs: number | undefined
  readonly snapshotTimeoutMs: number | undefined
  readonly restoreVersion: number | undefined
  readonly allowDropped: readonly string[]
  readonly allowMixedKeys: readonly string[]
}

/** Which job, with which params. */
export interface JobChoice {
  readonly file: string
  /** As given: JSON, or `@` and the path of a file of JSON. */
  readonly params: string | undefined
  /** Chooses among several jobs of one file. */
  readonly job: string | undefined
}

const graphFormats = ['text', 'mermaid', 'json'] as const
export type GraphFormat = (typeof graphFormats)[number]

/** Commands with a help page. */
export const topics = [
  'run',
  'graph',
  'snapshots',
  'relay',
  'tail',
  'stream-file',
  'coordinator',
  'worker',
  'status',
  'explain',
  'rescale',
  'keys',
] as const
export type Topic = (typeof topics)[number]

const options = {
  params: { type: 'string' },
  job: { type: 'string' },
  format: { type: 'string' },
  workers: { type: 'string' },
  processes: { type: 'string' },
  state: { type: 'string' },
  'snapshot-interval': { type: 'string' },
  'snapshot-timeout': { type: 'string' },
  restore: { type: 'string' },
  'allow-dropped': { type: 'string' },
  'allow-mixed-keys': { type: 'string' },
  key: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  delivery: { type: 'string' },
  shards: { type: 'string' },
  name: { type: 'string' },
  limit: { type: 'string' },
  follow: { type: 'boolean' },
  'discard-after-damage': { type: 'boolean' },
  listen: { type: 'string' },
  advertise: { type: 'string' },
  coordinator: { type: 'string' },
  keys: { type: 'string' },
  'join-limit': { type: 'string' },
  'worker-silence': { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  stack: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const
type OptionName = keyof typeof options

const stateOptions = ['state', 'snapshot-interval', 'snapshot-timeout', 'restore', 'allow-dropped', 'allow-mixed-keys'] as const
const placeOptions = ['listen', 'advertise', 'keys', 'join-limit'] as const

const optionsOf: Record<Topic | 'malstrom', readonly OptionName[]> = {
  malstrom: ['help', 'version', 'stack'],
  run: ['params', 'job', 'workers', 'processes', ...stateOptions, 'quiet', 'stack', 'help'],
  graph: ['params', 'job', 'format', 'stack', 'help'],
  snapshots: ['key', 'json', 'stack', 'help'],
  relay: ['from', 'to', 'follow', 'delivery', 'shards', 'name', 'workers', 'state', 'snapshot-interval', 'quiet', 'stack', 'help'],
  tail: ['from', 'limit', 'follow', 'json', 'stack', 'help'],
  'stream-file': ['discard-after-damage', 'json', 'stack', 'help'],
  coordinator: ['params', 'job', 'workers', ...placeOptions, ...stateOptions, 'worker-silence', 'quiet', 'stack', 'help'],
  worker: ['job', 'coordinator', ...placeOptions, 'quiet', 'stack', 'help'],
  status: ['keys', 'json', 'stack', 'help'],
  explain: ['keys', 'json', 'stack', 'help'],
  rescale: ['keys', 'stack', 'help'],
  keys: ['stack', 'help'],
}

/**
 * Reads the arguments of the command line; `ERR_CLI_USAGE` if they make no sense.
 *
 * With `parseArgs` of Node, not a library: there are few commands and some twenty options, the help pages are
 * text, and the errors, which are what a library would be for, name the nearest command or option in a
 * way none of them does. One dependency less in the package that every user installs.
 */
export function parseCommandLine(args: readonly string[]): Command {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  const [first, ...rest] = positionals
  const topic = topics.find((candidate) => candidate === first)
  const values = new Map<OptionName, string | undefined>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const name = knownOption(token.name, token.rawName, first === undefined || topic !== undefined ? topic : 'any')
    values.set(name, optionValue(name, token))
  }

  if (values.has('help')) return { command: 'help', topic }
  if (first === 'help') return { command: 'help', topic: rest[0] === undefined ? undefined : knownTopic(rest[0]) }
  if (values.has('version')) return { command: 'version' }
  if (first === undefined) return { command: 'nothing' }
  return commandOf(knownTopic(first), rest, values)
}

function commandOf(command: Topic, rest: readonly string[], values: ReadonlyMap<OptionName, string | undefined>): Command {
  const keys = values.get('keys')
  switch (command) {
    case 'snapshots':
      return { command, ...snapshotsAction(rest, values.get('key')), json: values.has('json') }
    case 'status':
    case 'explain':
      return { command, ...statusArguments(command, rest), keys, json: values.has('json') }
    case 'rescale':
      return { command, ...rescaleArguments(rest), keys }
    case 'keys':
      return { command, ...keysArguments(rest) }
    case 'relay': {
      const workers = workerCount(command, 'workers', values.get('workers'))
      return { command, ...relayArguments(rest, values), quiet: values.has('quiet'), workers, state: stateChoice(command, values) }
    }
    case 'tail':
      return { command, ...tailArguments(rest, values) }
    case 'stream-file':
      return { command, ...streamFileArguments(rest, values), json: values.has('json') }
  }
  const choice = { file: oneFile(command, rest), job: values.get('job') }
  const quiet = values.has('quiet')
  const place = placeChoice(values, timeOf(command, 'join-limit', values))
  if (command === 'worker') return { command, ...choice, quiet, coordinator: values.get('coordinator'), place }
  const withParams = { ...choice, params: values.get('params') }
  if (command === 'graph') return { command, ...withParams, format: graphFormat(values.get('format') ?? 'text') }
  const state = stateChoice(command, values)
  if (command === 'run') return { command, ...withParams, quiet, ...workerChoice(values), state }
  const workers = workerCount(command, 'workers', values.get('workers')) ?? 1
  return { command, ...withParams, quiet, workers, silenceMs: timeOf(command, 'worker-silence', values), place, state }
}

function knownOption(name: string, rawName: string, topic: Topic | undefined | 'any'): OptionName {
  const known = Object.keys(options).find((candidate) => candidate === name) as OptionName | undefined
  const allowed = topic === 'any' ? (Object.keys(options) as OptionName[]) : optionsOf[topic ?? 'malstrom']
  if (known !== undefined && allowed.includes(known)) return known
  if (known !== undefined && topic === undefined) {
    const commands = topics.filter((candidate) => optionsOf[candidate].includes(known))
    throw usageError(`${rawName} belongs to a command: malstrom ${commands.join(' or malstrom ')}.`)
  }
  const owner = topic === undefined || topic === 'any' ? 'malstrom' : `malstrom ${topic}`
  const suggestion = didYouMean(
    rawName,
    allowed.map((candidate) => `--${candidate}`),
  )
  throw usageError(`${owner} has no option ${rawName}.${suggestion}`, topic === 'any' ? undefined : topic)
}

function optionValue(name: OptionName, token: { value?: string | undefined; inlineValue?: boolean | undefined; rawName: string }) {
  const { value, inlineValue, rawName } = token
  if (options[name].type === 'boolean') {
    if (value !== undefined) throw usageError(`${rawName} takes no value, and was given "${value}".`)
    return undefined
  }
  // A following option was taken for the value.
  const isOption = !inlineValue && value?.startsWith('--') && Object.hasOwn(options, value.slice(2).split('=')[0] as string)
  if (value === undefined || isOption) throw usageError(`${rawName} needs a value: ${rawName} ${exampleOf[name]}.`)
  return value
}

const exampleOf: Partial<Record<OptionName, string>> = {
  params: `'{"limit": 10}'`,
  job: 'name',
  format: graphFormats.join('|'),
  workers: '4',
  processes: '4',
  state: 'file:./state',
  'snapshot-interval': '10s',
  restore: '12',
  'allow-dropped': 'operator',
  key: '\'"account-7"\'',
  from: 'file://./a.ss/',
  to: 'stdio:///',
  delivery: 'exactly-once',
  name: 'copy-of-orders',
  limit: '10',
  listen: 'tcp://127.0.0.1:7070',
  advertise: '10.0.0.5',
  coordinator: 'tcp://127.0.0.1:7070',
  keys: './keys',
  'join-limit': '60s',
  'worker-silence': '10s',
}

function workerChoice(values: ReadonlyMap<OptionName, string | undefined>) {
  const [workers, processes] = [
    workerCount('run', 'workers', values.get('workers')),
    workerCount('run', 'processes', values.get('processes')),
  ]
  if (workers === undefined || processes === undefined) return { workers, processes }
  throw usageError('--workers are threads and --processes processes: a job has one or the other.', 'run')
}

function workerCount(command: Topic, option: 'workers' | 'processes', text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw usageError(`--${option} is how many workers the job has, a whole number above 0, not "${text}".`, command)
}

function stateChoice(command: Topic, values: ReadonlyMap<OptionName, string | undefined>): StateChoice {
  const restore = values.get('restore')
  return {
    url: values.get('state'),
    snapshotIntervalMs: timeOf(command, 'snapshot-interval', values),
    snapshotTimeoutMs: timeOf(command, 'snapshot-timeout', values),
    restoreVersion: restore === undefined ? undefined : version(command, restore),
    allowDropped: values.get('allow-dropped')?.split(',') ?? [],
    allowMixedKeys: values.get('allow-mixed-keys')?.split(',') ?? [],
  }
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

function timeOf(command: Topic, option: OptionName, values: ReadonlyMap<OptionName, string | undefined>): number | undefined {
  const text = values.get(option)
  if (text === undefined) return undefined
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(amount) * (unitsMs[unit ?? ''] ?? Number.NaN)
  if (ms > 0 && ms < 2 ** 31) return ms
  throw usageError(`--${option} is a time such as 500ms, 10s or 5m, not "${text}".`, command)
}

function version(command: Topic, text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw usageError(
    `--restore is the version of a snapshot, a whole number, not "${text}". malstrom snapshots <location> list names them.`,
    command,
  )
}

function knownTopic(word: string): Topic {
  const topic = topics.find((candidate) => candidate === word)
  if (topic !== undefined) return topic
  if (/\.[cm]?[jt]s$/.test(word)) throw usageError(`"${word}" is no command. Did you mean malstrom run ${word}?`)
  throw usageError(`malstrom has no command "${word}".${didYouMean(word, topics)}`)
}

function oneFile(topic: Topic, positionals: readonly string[]): string {
  const [file, ...more] = positionals
  if (file === undefined || file === '') throw usageError(`malstrom ${topic} needs a job file: malstrom ${topic} job.ts.`, topic)
  if (more.length > 0) {
    throw usageError(`malstrom ${topic} takes one job file, and was given ${[file, ...more].map((word) => `"${word}"`).join(', ')}.`, topic)
  }
  return file
}

function graphFormat(word: string): GraphFormat {
  const format = graphFormats.find((candidate) => candidate === word)
  if (format !== undefined) return format
  throw usageError(`--format is ${graphFormats.join(', ')}, not "${word}".${didYouMean(word, graphFormats)}`, 'graph')
}

function usageError(problem: string, topic?: Topic): MalstromError {
  return new MalstromError('ERR_CLI_USAGE', `${problem} See malstrom ${topic === undefined ? '' : `${topic} `}--help.`)
}
