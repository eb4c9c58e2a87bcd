import type { Key } from '@malstrom/core'
import { MalstromError } from '@malstrom/core'
import { partsOf, type Snapshot, SnapshotReader } from '@malstrom/runtime'
import type { Command } from './command-line.ts'
import { printable } from './printable.ts'
import { persistenceFromUrl } from './state-url.ts'

type SnapshotsCommand = Extract<Command, { command: 'snapshots' }>

/** Looks into the state of a job; answers what to print and the exit status. */
export async function snapshotsCommand(command: SnapshotsCommand): Promise<{ readonly text: string; readonly status: number }> {
  const reader = await SnapshotReader.open(await persistenceFromUrl(command.location))
  try {
    switch (command.action) {
      case 'list':
        return { text: list(reader, command.json), status: 0 }
      case 'verify':
        return await verify(reader)
      case 'show':
        return { text: show(await reader.read(command.version), command.json), status: 0 }
      case 'read':
        return { text: await read(reader, command), status: 0 }
    }
  } finally {
    await reader.close()
  }
}

function list(reader: SnapshotReader, json: boolean): string {
  const { job, generation, snapshots } = reader.head
  if (json) return lines(snapshots.map((entry) => JSON.stringify(entry)))
  const rows = snapshots.map(
    ({ version, takenAtMs, finished, generation: by }) =>
      `  ${String(version).padStart(8)}  ${new Date(takenAtMs).toISOString()}  generation ${by}${finished ? '  the job had ended' : ''}`,
  )
  return lines([`Job "${job}", generation ${generation}, ${snapshots.length} snapshots`, ...rows])
}

async function verify(reader: SnapshotReader): Promise<{ text: string; status: number }> {
  const results: string[] = []
  let status = 0
  for (const { version } of reader.snapshots) {
    try {
      const { segments, bytes } = await reader.verify(version)
      results.push(`snapshot ${version}: whole (${segments} segments, ${bytes.toLocaleString('en-US')} bytes)`)
    } catch (error) {
      if (!(error instanceof MalstromError)) throw error
      status = 1
      results.push(`snapshot ${version}: ${error.message}`)
    }
  }
  return { text: lines(results), status }
}

function show(snapshot: Snapshot, json: boolean): string {
  if (json) return lines([JSON.stringify(printable(snapshot))])
  const { version, job, generation, takenAtMs, finished, sources, operators, sinks } = snapshot
  return lines([
    `Snapshot ${version} of job "${job}", ${new Date(takenAtMs).toISOString()}, generation ${generation}${finished ? ', the job had ended' : ''}`,
    ...sources.flatMap(({ source, partitions }) => [
      `source ${source}`,
      ...partitions.map(
        ({ partition, position, finished: done, recordsIn }) =>
          `  ${text(partition)}  position ${text(position)}  ${recordsIn} records${done ? '  finished' : ''}`,
      ),
    ]),
    ...operators.flatMap(({ operator, kind, state }) => {
      if (state === undefined) return []
      const bytes = partsOf(state).reduce((sum, part) => sum + part.bytes, 0)
      return [
        `operator ${operator} (${kind})  ${state.keys} keys  ${bytes} bytes in ${partsOf(state).length} parts  version ${state.version}`,
      ]
    }),
    ...sinks.flatMap(({ sink, written, partitions }) => [
      `sink ${sink}  ${written} records`,
      ...partitions.map(({ partition, state }) => `  ${text(partition)}  ${text(state)}`),
    ]),
  ])
}

async function read(reader: SnapshotReader, { version, operator, key }: Extract<SnapshotsCommand, { action: 'read' }>): Promise<string> {
  const snapshot = await reader.read(version)
  const states = await reader.states(snapshot, operator, key === undefined ? undefined : keyOf(key))
  return lines(states.map(({ key: known, state }) => JSON.stringify(printable({ key: known, state }))))
}

/** A key as JSON; what is no JSON is a text. */
function keyOf(word: string): Key {
  try {
    return JSON.parse(word) as Key
  } catch {
    // `--key account-7` is easier to type than the quotes of JSON.
    return word
  }
}

function text(value: unknown): string {
  return JSON.stringify(printable(value)) ?? 'undefined'
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('')
}
