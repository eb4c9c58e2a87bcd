import { parseArgs } from 'node:util'
import { BOUND_MINUTES } from './delay-statistics.ts'
import type { Dataset } from './read-flights.ts'

/** Beyond a year nothing in the data is late any more. */
const BOUND_MINUTES_MAX = 366 * 24 * 60

export interface DemoOptions {
  readonly help: boolean
  readonly json: boolean
  readonly dataset: Dataset
  readonly boundMinutes: number
  /** The directory for the state of the job. */
  readonly state: string
}

const STATE_DIRECTORY = '.demo-state'

export const usage = `Usage: demo [options]

Delay statistics over 3,000,000 US flights of 2001, by airport, hour and day.

Options:
  --bound-minutes <n>  How far a flight may be behind the latest one before it is late (default ${BOUND_MINUTES})
  --small              Only 20,000 flights
  --json               Print every result as a line of JSON instead of a table
  --state <directory>  Where the job keeps its state (default ${STATE_DIRECTORY})
  -h, --help           Print this`

/** What was typed cannot be understood; the message says why. */
export class UsageError extends Error {}

export function parseCommandLine(args: readonly string[]): DemoOptions {
  // Some package managers hand on the `--` that separates their own options from the script's.
  const own = args[0] === '--' ? args.slice(1) : [...args]
  const values = parseFlags(own)
  return {
    help: values.help ?? false,
    json: values.json ?? false,
    dataset: values.small ? 'small' : 'full',
    state: values.state ?? STATE_DIRECTORY,
    boundMinutes: values['bound-minutes'] === undefined ? BOUND_MINUTES : parseBound(values['bound-minutes']),
  }
}

function parseFlags(args: string[]) {
  const string = { type: 'string' } as const
  const boolean = { type: 'boolean' } as const
  try {
    return parseArgs({
      args,
      options: { 'bound-minutes': string, state: string, small: boolean, json: boolean, help: { ...boolean, short: 'h' } },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function parseBound(text: string): number {
  const minutes = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (minutes <= BOUND_MINUTES_MAX) return minutes
  throw new UsageError(`--bound-minutes is a whole number from 0 to ${BOUND_MINUTES_MAX}, not "${text}".`)
}
