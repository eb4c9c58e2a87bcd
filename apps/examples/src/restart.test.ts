import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SourceOutput, SourcePartition } from 'malstrom'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileSink } from './file-sink-stateful.job.ts'
import { type FileLine, FileSource } from './file-source-stateful.job.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'restart-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('the stateful file source', () => {
  it('continues after a restart with the line after the last one it emitted', async () => {
    const path = join(folder, 'lines.txt')
    writeFileSync(path, 'a\n\nc\nd\n')
    const source = new FileSource([path])

    const first = await source.openPartition(path)
    expect(await readLines(first, 2)).toEqual(['0 a', '1 '])
    await first.ready() // reads a line that is never emitted
    const position = first.snapshot()
    await first.close()

    const second = await source.openPartition(path, position)
    expect(await readLines(second, 10)).toEqual(['2 c', '3 d'])
    expect(second.snapshot()).toBe(4)
    await second.close()
  })
})

describe('the stateful file sink', () => {
  it('continues after a restart where the snapshot was taken, and drops what came later', async () => {
    const path = join(folder, 'k.txt')
    const sink = new FileSink<number>(folder)
    expect(sink.partitionOf('', 'k')).toBe(path)

    const first = await sink.openPartition(path, undefined)
    first.write('früh', 'k', 0)
    await first.flush()
    const state = first.snapshot(1)
    first.write('lost', 'k', 1)
    await first.close()

    const second = await sink.openPartition(path, state)
    second.write('late', 'k', 1)
    await second.flush()
    await second.close()
    expect(readFileSync(path, 'utf8')).toBe('0 früh\n1 late\n')
  })

  it('starts anew without a snapshot', async () => {
    const path = join(folder, 'k.txt')
    writeFileSync(path, 'left by a former run\n')
    const partition = await new FileSink<number>(folder).openPartition(path, undefined)
    partition.write('new', 'k', 0)
    await partition.close()
    expect(readFileSync(path, 'utf8')).toBe('0 new\n')
  })
})

/** Reads until `count` lines have come or the partition has finished. */
async function readLines(partition: SourcePartition<FileLine, number, number>, count: number): Promise<string[]> {
  const lines: string[] = []
  const output: SourceOutput<FileLine, number> = {
    emit: ({ line }, timestamp) => lines.push(`${timestamp} ${line}`),
    emitAll: () => expect.unreachable(),
    emitIndexed: () => expect.unreachable(),
  }
  while (partition.poll(output, 1) !== 'finished' && lines.length < count) await partition.ready()
  return lines
}
