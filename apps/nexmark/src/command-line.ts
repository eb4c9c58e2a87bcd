import { parseArgs } from 'node:util'
import { MalstromError } from '@malstrom/core'
import { STRIDE } from './event-source.ts'
import { type QueryName, queries, queryNames } from './queries/index.ts'
import type { NexmarkOptions } from './run-nexmark.ts'
import type { SeedingName } from './seeding.ts'

const EVENTS = 100_000
/** With trouble, positions are shared as 32-bit integers. */
const CHAOS_EVENTS_MAX = 1_000_000_000
const CHAOS_EVENTS_MIN = 10_000

export interface CommandLine extends NexmarkOptions {
  readonly help: boolean
  readonly json: boolean
}

export const usage = `Usage: nexmark --query <q0 to q9> [options]

Runs one query of Nexmark and prints what its rows sum up to.

Options:
  --query <name>       The query
  --events <n>         How many events are read (default ${EVENTS})
  --seed <name>        java: the draws of the golden answers (default); splitmix: events that look independent of each other
  --out-of-order <G>   Events come out of order within groups of so many (default 1: in order)
  --workers <n>        Threads (default 1)
  --chaos <seed>       Ends five workers and rescales twice on the way; the seed decides when
  --json               Print one line of JSON
  -h, --help           Print this

Queries:
${queryNames.map((name) => `  ${name}  ${queries[name].about}`).join('\n')}`

/** @throws MalstromError `ERR_CLI_USAGE` if it cannot be understood */
export function parseCommandLine(args: readonly string[]): CommandLine {
  // Some package managers hand on the `--` that separates their own options from the script's.
  const values = parseFlags(args[0] === '--' ? args.slice(1) : [...args])
  const help = values.help ?? false
  if (!help && values.query === undefined) throw refusal(`--query is missing: one of ${queryNames.join(', ')}`)
  const events = wholeNumber('--events', values.events ?? `${EVENTS}`, 1, 2 ** 40)
  const outOfOrder = wholeNumber('--out-of-order', values['out-of-order'] ?? '1', 1, 1_000_000)
  if (outOfOrder % STRIDE === 0) throw refusal(`--out-of-order is no multiple of ${STRIDE}, by whose steps events change places`)
  const chaos = values.chaos === undefined ? undefined : wholeNumber('--chaos', values.chaos, 0, 2 ** 31 - 1)
  if (chaos !== undefined && (events < CHAOS_EVENTS_MIN || events > CHAOS_EVENTS_MAX)) {
    throw refusal(`with --chaos, --events is from ${CHAOS_EVENTS_MIN} to ${CHAOS_EVENTS_MAX}, not ${events}`)
  }
  return {
    help,
    json: values.json ?? false,
    query: oneOf<QueryName>('--query', values.query ?? 'q0', queryNames),
    events,
    seed: oneOf<SeedingName>('--seed', values.seed ?? 'java', ['java', 'splitmix']),
    outOfOrder,
    workers: wholeNumber('--workers', values.workers ?? '1', 1, 64),
    chaos,
  }
}

function parseFlags(args: string[]) {
  const string = { type: 'string' } as const
  const boolean = { type: 'boolean' } as const
  try {
    return parseArgs({
      args,
      options: {
        query: string,
        events: string,
        seed: string,
        'out-of-order': string,
        workers: string,
        chaos: string,
        json: boolean,
        help: { ...boolean, short: 'h' },
      },
    }).values
  } catch (error) {
    throw refusal(error instanceof Error ? error.message.replace(/\.$/, '') : String(error))
  }
}

function oneOf<N extends string>(flag: string, value: string, names: readonly N[]): N {
  const found = names.find((name) => name === value)
  if (found === undefined) throw refusal(`${flag} is one of ${names.join(', ')}, not "${value}"`)
  return found
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw refusal(`${flag} is a whole number from ${least} to ${most}, not "${text}"`)
}

function refusal(why: string): MalstromError {
  return new MalstromError('ERR_CLI_USAGE', `nexmark: ${why}. See nexmark --help.`)
}
