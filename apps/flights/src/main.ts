import { MalstromError } from '@malstrom/core'
import { parseCommandLine, UsageError, usage } from './command-line.ts'
import { runDemo } from './run-demo.ts'

const EXIT_FINISHED = 0
const EXIT_FAILED = 1
const EXIT_USAGE = 2

// The job fails by itself when it cannot write; this only keeps Node from ending the process.
process.stdout.on('error', () => {})
process.exitCode = await main(process.argv.slice(2)).catch(explain)

async function main(args: readonly string[]): Promise<number> {
  const options = parseCommandLine(args)
  if (!options.help) return runDemo(options)
  process.stdout.write(`${usage}\n`)
  return EXIT_FINISHED
}

function explain(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${usage}\n`)
    return EXIT_USAGE
  }
  if (isReaderGone(error)) return EXIT_FINISHED
  // The message of a MalstromError says everything; anything else is a mistake of the demo itself.
  const text = error instanceof MalstromError ? `${error.code}: ${error.message}` : error instanceof Error ? error.stack : error
  process.stderr.write(`${text}\n`)
  return EXIT_FAILED
}

/** As with `demo --json | head`: whoever read the results has seen enough. */
function isReaderGone(error: unknown): boolean {
  return error instanceof MalstromError && (error.cause as { code?: unknown } | undefined)?.code === 'EPIPE'
}
