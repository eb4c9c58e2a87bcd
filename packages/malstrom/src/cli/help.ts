import { readFileSync } from 'node:fs'
import type { Topic } from './command-line.ts'

const general = `Malstrom runs stateful stream processing jobs.

Usage: malstrom <command> [options]

Commands:
  run <job file>      Runs a job until its sources are finished
  graph <job file>    Prints the operators of a job and how they are connected
  snapshots <where>   Looks into the saved state of a job
  relay               Moves a stream from one place to another: files, pipes, Kafka, Redis
  tail <url>          Prints a stream
  stream-file <file>  Tells what a stream file holds and whether it is sound, and repairs it

  On several machines, or by hand on one:
  keys <folder>             Makes the keys of a cluster
  coordinator <job file>    Coordinates a job whose workers join it
  worker <job file>         Is a worker of such a job
  status <address>          Tells how such a job stands
  explain <address>         Tells why nothing comes out of it
  rescale <address> <n>     Changes the number of its workers while it runs

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
      --snapshot-timeout <time>   How long a snapshot may take until it is abandoned: 30s, 10m (default)
      --restore <version>         Go on from this snapshot and not from the last one
      --allow-dropped <names>     Operators, sources and sinks whose saved state may be dropped, with commas
      --allow-mixed-keys <names>  Operators whose keys may be of another kind than the saved ones, with commas
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

const urls = `A stream is named by a URL, system://node,node/stream,stream:

  file://./logs/a.ss/clicks    a stream file, here one of its streams; file:///var/a.ss/ for all of them
  stdio:///clicks              lines of standard input or output: [2026-01-02T03:04:05 | clicks | 123] payload
  kafka://a:9092,b:9092/orders           topics; needs @malstrom/connector-kafka
  redis://user:password@a:6379/orders    Redis Streams, also with shards (orders:0 and so on), rediss:// with TLS;
                               needs @malstrom/connector-redis`

const relay = `Moves a stream from one place to another, until it ends or Ctrl-C.

Usage: malstrom relay --from <url> --to <url> [options]

${urls}

With --state it goes on where it was when it is started again, also after a crash, and what it writes is there
exactly once: in files, in Redis, and in Kafka for readers with isolation.level=read_committed. Lines on standard
output, and everything without --state, are there at least once. Each relay needs a --state of its own. At the end
of a file it is suspended; started again, it goes on with what was added.

Options:
      --from <url>      Where messages come from
      --to <url>        Where they go: one stream, or without one each to the stream it comes from
      --follow          Go on at the end of a file with what is added. Kafka and Redis always go on
      --delivery <how>  exactly-once (default with --state) or at-least-once, which is sooner visible
      --shards <n>      Redis: write orders:0 to orders:<n - 1> in place of orders, by the shard of each message
      --name <name>     What the relay is called in its state and in Kafka; by default made of both URLs
      --workers <n>     Moves it on n threads, each with its share of the partitions, shards or files; without it, in one
      --state <url>     Where state is kept, as for malstrom run
      --snapshot-interval <time>  Time between two snapshots: 500ms, 10s (default), 5m
  -q, --quiet           No progress and no closing line; errors only
      --stack           Prints stack traces and causes with errors
  -h, --help            Prints this help

Example:
  malstrom relay --from kafka://localhost:9092/orders --to file://./orders.ss/ --state file:./state
`

const tail = `Prints a stream, one message a line: [timestamp | stream | sequence | shard] payload.

Usage: malstrom tail <url> [options]

${urls}

Options:
      --from <where>    earliest, latest, or a time: 2026-01-02T03:04:05Z, or milliseconds since 1970. By default
                        latest for Kafka and Redis, earliest for files
      --limit <n>       Ends after n messages
      --follow          Go on at the end of a file with what is added. Kafka and Redis always go on
      --json            Each message as JSON
      --stack           Prints stack traces and causes with errors
  -h, --help            Prints this help

Line ends in a payload are printed as \\n and \\r, and what is not UTF-8 as replacement characters; --json has both as they are,
the latter as payloadBase64.

Example:
  malstrom tail kafka://localhost:9092/orders --from earliest --limit 10
`

const streamFile = `Tells what a stream file (.ss) holds and whether it is sound, repairs it after a crash, or ends it.

Usage: malstrom stream-file <file> [show]
       malstrom stream-file <file> repair
       malstrom stream-file <file> end

show reads the whole file and checks every checksum; the exit status is 1 if something is wrong. repair cuts off half a
message that a crash has left at the end, and end writes the mark that ends the stream: those who follow the
file come to its end. Nobody may write to the file meanwhile.

Options:
      --discard-after-damage  Of repair: cut a file that is damaged in the middle where the damage begins, although
                              sound messages may follow. Keep a copy
      --json            show as JSON
      --stack           Prints stack traces and causes with errors
  -h, --help            Prints this help

Example:
  malstrom stream-file ./orders.ss repair
`

const placeOptions = `      --advertise <host>          The host that others connect to, if it is not that of --listen
      --keys <file or folder>     The keys of the cluster, from malstrom keys. Without them only the
                                  loopback interface is possible`

const coordinator = `Coordinates a job whose workers are started by hand, on this machine or others.

Usage: malstrom coordinator <job file> [options]

The job starts when enough workers have joined; further ones are spares. When a worker is lost, the job goes back to
its last snapshot and goes on as soon as there is another one in its place. State has to be where every
machine reaches it, in S3 for example. This process runs no worker.

Options:
      --workers <n>               How many workers the job has at first; by default 1
      --listen <address>          Where workers join; by default tcp://127.0.0.1:7070
${placeOptions}
      --join-limit <time>         How long the job waits for workers: 500ms, 60s (default), 5m
      --worker-silence <time>     A worker that says nothing for so long is lost; by default 10s, at most 20s
${jobOptions}
      --state <url>               As for malstrom run. Workers open the same URL
      --snapshot-interval <time>  Time between two snapshots: 500ms, 10s (default), 5m
      --snapshot-timeout <time>   How long a snapshot may take until it is abandoned: 30s, 10m (default)
      --restore <version>         Go on from this snapshot and not from the last one
      --allow-dropped <names>     Operators, sources and sinks whose saved state may be dropped, with commas
      --allow-mixed-keys <names>  Operators whose keys may be of another kind than the saved ones, with commas
  -q, --quiet                     Errors only
      --stack                     Prints stack traces and causes with errors
  -h, --help                      Prints this help

Example:
  malstrom coordinator job.ts --workers 4 --listen tcp://10.0.0.5:7070 --keys ./keys --state s3://bucket/job
`

const worker = `Is a worker of a job that malstrom coordinator coordinates. Params and the place of the state come from there.

Usage: malstrom worker <job file> [options]

It stays when the job goes back to its last snapshot, and when the coordinator is started again. It ends with the
job. Ctrl-C leaves; the job goes on when another worker has taken the place.

Options:
      --coordinator <address>     Where the coordinator listens; by default tcp://127.0.0.1:7070
      --listen <address>          Where the other workers reach this one; by default a free port of the interface
                                  that leads to the coordinator
${placeOptions}
      --join-limit <time>         How long the coordinator may take to appear, or to come back; by default 60s
      --job <name>                Which job, if the file exports several: the name of the export or of the job
  -q, --quiet                     Errors only
      --stack                     Prints stack traces and causes with errors
  -h, --help                      Prints this help

Example:
  malstrom worker job.ts --coordinator tcp://10.0.0.5:7070 --keys ./keys
`

const askOptions = `      --keys <file or folder>     The keys of the cluster
      --stack                     Prints stack traces and causes with errors
  -h, --help                      Prints this help`

const status = `Tells how a job stands that malstrom coordinator coordinates, and where its workers are.

Usage: malstrom status [address] [options]

Options:
      --json                      As JSON
${askOptions}

Example:
  malstrom status tcp://10.0.0.5:7070 --keys ./keys
`

const explain = `Tells why nothing comes out of a job that malstrom coordinator coordinates: what holds its frontier back,
which sinks are full, which workers do not answer, what a snapshot waits for.

Usage: malstrom explain [address] [options]

Options:
      --json                      As JSON
${askOptions}

Example:
  malstrom explain tcp://10.0.0.5:7070 --keys ./keys
`

const rescale = `Changes the number of workers of a job that malstrom coordinator coordinates, while records flow. For more
workers, enough processes must have joined; those that are no longer needed stay as spares.

Usage: malstrom rescale [address] <workers> [options]

Options:
${askOptions}

Example:
  malstrom rescale tcp://10.0.0.5:7070 6 --keys ./keys
`

const keys = `Makes the keys of a cluster: a file that every process of it needs. Links between machines are encrypted with
them, and whoever has them can take part.

Usage: malstrom keys <folder>

Options:
      --stack                     Prints stack traces and causes with errors
  -h, --help                      Prints this help

Example:
  malstrom keys ./keys
`

const pages: Record<Topic, string> = {
  run,
  graph,
  snapshots,
  relay,
  tail,
  'stream-file': streamFile,
  coordinator,
  worker,
  status,
  explain,
  rescale,
  keys,
}

export function helpText(topic?: Topic): string {
  return topic === undefined ? general : pages[topic]
}

/** The version of the package that this file is part of. */
export function versionText(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return `${manifest.version}\n`
}
