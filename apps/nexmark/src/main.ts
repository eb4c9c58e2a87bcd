import { MalstromError } from '@malstrom/core'
import { parseCommandLine, usage } from './command-line.ts'
import type { AnswerValue } from './query.ts'
import { type NexmarkResult, runNexmark } from './run-nexmark.ts'

process.exitCode = await main(process.argv.slice(2)).catch(explain)

async function main(args: readonly string[]): Promise<number> {
  const options = parseCommandLine(args)
  if (options.help) process.stdout.write(`${usage}\n`)
  else {
    const result = await runNexmark(options)
    process.stdout.write(`${options.json ? JSON.stringify(result) : textOf(result)}\n`)
  }
  return 0
}

function textOf({ query, events, answer, seconds, eventsPerSecond }: NexmarkResult): string {
  const lines = Object.entries(answer).map(([name, value]) => `  ${name.padEnd(12)} ${valueText(value)}`)
  return [
    `${query}: ${events.toLocaleString('en')} events in ${seconds} s, ${eventsPerSecond.toLocaleString('en')} events/s`,
    ...lines,
  ].join('\n')
}

function valueText(value: AnswerValue): string {
  if (typeof value !== 'object') return value.toLocaleString('en')
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${valueText(inner)}`)
    .join(', ')
}

function explain(error: unknown): number {
  // The message of a MalstromError says everything; anything else is a mistake of the program itself.
  const text = error instanceof MalstromError ? `${error.code}: ${error.message}` : error instanceof Error ? error.stack : error
  process.stderr.write(`${text}\n`)
  return 1
}
