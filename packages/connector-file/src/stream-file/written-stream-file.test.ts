import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { defineJob, fromIterable } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Follower } from '../fixture/follow.ts'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { readAll } from '../fixture/read-partition.ts'
import { hellos, numbers, TestedStreamFile } from '../fixture/stream-files.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import type { NewStreamMessage } from '../stream/stream-message.ts'
import { encodeHeader } from './format.ts'
import { endStreamFile } from './repair-stream-file.ts'
import { streamFile } from './stream-file.ts'
import { toStreamFile } from './to-stream-file.ts'
import { verifyStreamFile } from './verify-stream-file.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

let folder: TemporaryFolder
let path: string
let file: TestedStreamFile
beforeEach(() => {
  folder = new TemporaryFolder()
  path = folder.file('x.ss')
  file = new TestedStreamFile(path)
})
afterEach(() => folder[Symbol.dispose]())

const following = { follow: true, pollIntervalMs: 2 }

describe('a stream file that is written again and again', () => {
  // The intervals of SeaStreamer's test of its sink; below 1024 they are those of files that exist.
  it.each([128, 256, 512, 640, 1024])('has all messages in order, with beacons every %d bytes', async (beaconIntervalBytes) => {
    writeFileSync(path, encodeHeader({ fileName: 'x.ss', createdAt: 0, beaconIntervalBytes }))
    for (const part of [0, 1, 2]) {
      await file.write(hellos(part * 10, part * 10 + 10), { append: true })
      expect(await file.numbers()).toEqual(numbers(0, part * 10 + 10))
      await endStreamFile(path)
      expect(await file.numbers()).toEqual(numbers(0, part * 10 + 10))
    }
    expect(await verifyStreamFile(path)).toMatchObject({
      state: 'ended',
      messages: 30,
      beaconsThatDiffer: 0,
      header: { beaconIntervalBytes },
    })
  })

  it('by several streams of a job has one sequence, which goes on when the job runs again', async () => {
    const job = defineJob({
      name: 'interleaved',
      module: import.meta.url,
      build(flow, { from, to }: { from: number; to: number }) {
        const stream = (name: string, rest: number) => {
          const messages = numbers(from, to).filter((i) => i % 2 === rest)
          return flow.source(name, fromIterable(messages.map((i): NewStreamMessage => ({ key: 'hello', payload: `${i}` }))))
        }
        stream('even', 0)
          .union(stream('odd', 1))
          .sink('file', toStreamFile(path, { append: true, beaconIntervalBytes: 1024 }))
      },
    })
    // Messages come to whoever follows it, over the end that is written and taken back, until there is one that stays.
    for (const [from, to] of [
      [1, 75],
      [75, 125],
      [125, 150],
    ] as const) {
      await singleThread().run(job, { from, to })
      await endStreamFile(path)
    }
    await using follower = await Follower.open(streamFile(path, following), path)
    const messages = await follower.finished()
    expect(messages.map(({ sequence }) => Number(sequence))).toEqual(numbers(1, 150))
    expect(messages.map(({ payload }) => Number(String(payload))).toSorted((a, b) => a - b)).toEqual(numbers(1, 150))
  })

  it('has one sink at a time in a thread', async () => {
    const first = await file.open({ append: true })
    const other = () => file.open({ append: true }, undefined, 1, 'other')
    await expect(other()).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringMatching(
        /x\.ss" cannot be written: another sink of this thread writes to it\. Unite the streams before one sink/,
      ),
    })
    await first.close()
    await (await other()).close()
  })
})

describe('a stream file that is made', () => {
  it('is made if it is not there, refused if it is, or written on, as was asked for', async () => {
    await expect(readAll(streamFile(path))).rejects.toMatchObject({ code: 'ERR_FILE' })
    await file.write(hellos(0, 1))
    await expect(file.write(hellos(1, 2))).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('it exists already'),
    })
    await file.write(hellos(1, 2), { append: true })
    expect(await file.numbers()).toEqual([0, 1])
    rmSync(path)
    await file.write(hellos(2, 3), { append: true })
    expect(await file.numbers()).toEqual([2])
    expect(existsSync(path)).toBe(true)
  })

  it('takes nothing more when its writer is closed, and readers go on when another one comes', async () => {
    const writer = await file.open()
    await using follower = await Follower.open(streamFile(path, following), path)
    writer.write({ key: 'hello', payload: '1' }, undefined, 0)
    await writer.flush()
    await follower.values(1)
    await writer.close()
    writer.write({ key: 'hello', payload: 'too late' }, undefined, 0)
    await file.write([{ key: 'hello', payload: '2' }], { append: true })
    await endStreamFile(path)
    expect((await follower.finished()).map(({ payload }) => String(payload))).toEqual(['1', '2'])
  })
})
