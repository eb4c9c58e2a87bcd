/** Runs one example: `pnpm example <name>`, or lists them all: `pnpm example --list`. */
import { type Job, MalstromError, multiThread, singleThread } from 'malstrom'
import { examples } from './examples.ts'

interface ExampleModule {
  readonly default: Job
  /** Makes what the job reads. Runs before it, because building a job must have no effects. */
  prepare?(): void
  /** How many threads it runs on; without it, in this one. */
  readonly workers?: number
}

const STATUS_FAILED = 1
const STATUS_USAGE = 2

async function main(args: readonly string[]): Promise<void> {
  const [name] = args
  if (name === '--list' && args.length === 1) {
    console.log(listOfExamples())
  } else if (name === undefined || args.length > 1 || !Object.hasOwn(examples, name)) {
    const problem = args.length === 0 ? 'Which example?' : `There is no example "${args.join(' ')}".`
    console.error(`${problem} Run one with: pnpm example <name>\n\n${listOfExamples()}`)
    process.exitCode = STATUS_USAGE
  } else {
    await runExample(name)
  }
}

async function runExample(name: string): Promise<void> {
  const example: ExampleModule = await import(`./${name}.job.ts`)
  example.prepare?.()
  const { workers } = example
  await (workers === undefined ? singleThread() : multiThread({ workers })).run(example.default)
}

function listOfExamples(): string {
  const width = Math.max(...Object.keys(examples).map((name) => name.length))
  return Object.entries(examples)
    .map(([name, idea]) => `  ${name.padEnd(width)}  ${idea}`)
    .join('\n')
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof MalstromError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = STATUS_FAILED
}
