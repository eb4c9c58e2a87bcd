import { readFileSync } from 'node:fs'
import type { Topic } from './command-line.ts'

const general = `Malstrom runs stateful stream processing jobs.

Usage: malstrom <command> [options]

Commands:
  run <job file>      Runs a job until its sources are finished
  graph <job file>    Prints the operators of a job and how they are connected
  snapshots <where>   Looks into the saved state of a job

Options:
  -h, --help          Prints this help; after a command, the help of that command
  -v, --version       Prints the version
      --stack         Prints stack traces and causes with errors

Example:
  malstrom run job.ts --params '{"limit": 10}'

Exit status: 0 success, 1 the job failed, 2 wrong usage, 130 ended by Ctrl-C.
`

const jobOptions = `      --params <json>   The job's params; @file.json reads them from a file
      --job <name>      Which job, if the file exports several: the name of the export or of the job`

const run = `Runs a job in this process until its sources are finished.

Usage: malstrom run <job file> [options]

The job file is a .ts, .mts, .js or .mjs module whose default export is made by defineJob. Progress goes
to standard error. Ctrl-C stops reading, flushes the sinks and ends the job; a second one ends it at once. A job
that keeps state takes a last snapshot at Ctrl-C, and goes on there when it is started again.

Options:
${jobOptions}
      --workers <n>     Runs the job on n threads; without it, in one
      --processes <n>   Runs the job on n processes of this machine; needs @malstrom/transport-zeromq
      --state <url>     Where state is kept: file:./state, memory:, s3://bucket/prefix, slatedb+file:./state
                        or slatedb+s3://bucket/prefix. In place of the job's own persistence
      --snapshot-interval <time>  Time between two snapshots: 500ms, 10s (default), 5m
      --restore <version>         Go on from this snapshot and not from the last one
      --allow-dropped <names>     Operators, sources and sinks whose saved state may be dropped, with commas
  -q, --quiet           No progress and no closing line; errors only
      --stack           Prints stack traces and causes with errors
  -h, --help            Prints this help

Example:
  malstrom run job.ts --params '{"limit": 10}' --state file:./state
`

const graph = `Prints the operators of a job and how they are connected. Opens no source and no sink.

Usage: malstrom graph <job file> [options]

Options:
      --format <format> text (default), mermaid or json
${jobOptions}
      --stack           Prints stack traces and causes with errors
  -h, --help            Prints this help

Example:
  malstrom graph job.ts --format mermaid
`

const snapshots = `Looks into the saved state of a job. Changes nothing, and may be used while the job runs.

Usage: malstrom snapshots <location> [list]
       malstrom snapshots <location> show <version>
       malstrom snapshots <location> verify
       malstrom snapshots <location> read <version> <operator> [--key <key>]

The location is a directory or a URL, as for run --state. list names the snapshots that are kept, show
tells what one consists of, verify reads all of them and checks every byte, read prints the states of an
operator as JSON, one line per key.

Options:
      --key <key>       Only the state of this key: JSON, or a text
      --json            list and show as JSON
      --stack           Prints stack traces and causes with errors
  -h, --help            Prints this help

Example:
  malstrom snapshots file:./state read 12 totals --key account-7
`

const pages: Record<Topic, string> = { run, graph, snapshots }

export function helpText(topic?: Topic): string {
  return topic === undefined ? general : pages[topic]
}

/** The version of the package that this file is part of. */
export function versionText(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return `${manifest.version}\n`
}
