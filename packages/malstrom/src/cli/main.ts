import { MalstromError } from '@malstrom/core'
import { coordinatorCommand, explainCommand, rescaleCommand, statusCommand, workerCommand } from './cluster-commands.ts'
import { keysCommand } from './cluster-keys.ts'
import { type Command, parseCommandLine } from './command-line.ts'
import { graphCommand } from './graph-command.ts'
import { helpText, versionText } from './help.ts'
import { relayCommand } from './relay-command.ts'
import { errorText, exitStatusOf, uncaughtError } from './report-error.ts'
import { runCommand } from './run-command.ts'
import { snapshotsCommand } from './snapshots-command.ts'
import { streamFileCommand } from './stream-file-command.ts'
import { tailCommand } from './tail-command.ts'

/** Runs the command line tool and ends the process. */
export async function main(args: readonly string[]): Promise<void> {
  const withStack = args.includes('--stack')
  const fail = (thrown: unknown): number => {
    process.stderr.write(errorText(thrown, withStack))
    return exitStatusOf(thrown)
  }
  // A reader that goes away (`| head`) is no error here; a sink that prints tells it by itself.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  process.on('uncaughtException', (thrown) => process.exit(fail(uncaughtError(thrown))))
  // Whatever else the CLI waits for keeps the process alive.
  process.on('beforeExit', () => {
    const problem = 'The job file never finished loading: a top-level await in it waits forever.'
    process.exit(fail(new MalstromError('ERR_JOB_IMPORT', problem)))
  })
  let status: number
  try {
    status = await execute(parseCommandLine(args))
  } catch (thrown) {
    status = fail(thrown)
  }
  await Promise.all([drained(process.stdout), drained(process.stderr)])
  // What the job's module has left open (a timer, a connection) must not keep the process alive.
  process.exit(status)
}

async function execute(command: Command): Promise<number> {
  switch (command.command) {
    case 'help':
      process.stdout.write(helpText(command.topic))
      return 0
    case 'version':
      process.stdout.write(versionText())
      return 0
    case 'nothing':
      process.stderr.write(helpText())
      return 2
    case 'graph':
      process.stdout.write(await graphCommand(command))
      return 0
    case 'snapshots': {
      const { text, status } = await snapshotsCommand(command)
      process.stdout.write(text)
      return status
    }
    case 'run':
      return await runCommand(command)
    case 'coordinator':
      return await coordinatorCommand(command)
    case 'worker':
      return await workerCommand(command)
    case 'status':
      process.stdout.write(await statusCommand(command))
      return 0
    case 'explain':
      process.stdout.write(await explainCommand(command))
      return 0
    case 'rescale':
      process.stdout.write(await rescaleCommand(command))
      return 0
    case 'relay':
      return await relayCommand(command)
    case 'tail':
      return await tailCommand(command)
    case 'stream-file': {
      const { text, status } = await streamFileCommand(command)
      process.stdout.write(text)
      return status
    }
    case 'keys':
      process.stdout.write(await keysCommand(command))
      return 0
  }
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write('', () => resolve()))
}
