import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import type { Sink, SinkPartition } from '@malstrom/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { PATIENCE_MS, PROPERTY_SETTINGS } from '../fixture/property-settings.ts'
import { CONTEXT, readAll } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { ndjsonFile } from '../source/ndjson-file.ts'
import { FILE_BUFFER_BYTES_MAX, type WrittenLength } from './file-partition.ts'
import { toFile, toFiles, toNdjsonFile } from './to-file.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

let folder: TemporaryFolder
let path: string
beforeEach(() => {
  folder = new TemporaryFolder()
  path = folder.file('out.txt')
})
afterEach(() => folder[Symbol.dispose]())

type AnySink = Sink<unknown, unknown, unknown, string, WrittenLength>
const text = () => readFileSync(path, 'utf8')

function open(sink: AnySink, state?: WrittenLength, generation = 1) {
  return sink.openPartition(sink.partitionOf?.(undefined, undefined, 0) as string, state, { ...CONTEXT, generation })
}

function writeAll(partition: SinkPartition<unknown, unknown, unknown, WrittenLength>, ...values: unknown[]): void {
  for (const value of values) partition.write(value, 'key', 0)
}

async function written(sink: AnySink, ...values: unknown[]): Promise<WrittenLength> {
  const partition = await open(sink)
  writeAll(partition, ...values)
  await partition.flush()
  const state = partition.snapshot(1)
  await partition.close()
  return state
}

describe('a line', () => {
  it('is a string as it is, and anything else as JSON', async () => {
    await written(toFile(path), 'a b', { x: 1 }, [1, '2'], 3, null)
    expect(text()).toBe('a b\n{"x":1}\n[1,"2"]\n3\nnull\n')
  })

  it('is JSON for strings too in toNdjsonFile, which ndjsonFile reads', async () => {
    const values = ['a\nb', 'é', { x: [1] }, null]
    await written(toNdjsonFile(path), ...values)
    expect(text()).toBe('"a\\nb"\n"é"\n{"x":[1]}\nnull\n')
    expect((await readAll(ndjsonFile(path))).values).toEqual(values)
  })

  it('is what format says', async () => {
    await written(toFile(path, { format: (value, key, timestamp) => `${key}=${value}@${timestamp}` }), 1)
    expect(text()).toBe('key=1@0\n')
  })

  it('is refused if JSON cannot say it', async () => {
    const partition = await open(toFile(path))
    expect(() => writeAll(partition, undefined)).toThrow(/cannot be written as JSON: it is undefined\. Map it/)
    expect(() => writeAll(partition, 1n)).toThrow(/cannot be written as JSON: .*BigInt/)
    await partition.close()
  })

  it('takes its types from the stream', () => {
    const sink = <P extends string, S>(sink: Sink<{ id: string }, number, number, P, S>) => sink
    sink(toFile('x'))
    sink(toNdjsonFile('x'))
    sink(
      toFiles((value, key) => {
        expectTypeOf(value).toEqualTypeOf<{ id: string }>()
        expectTypeOf(key).toEqualTypeOf<number>()
        return value.id
      }),
    )
  })
})

describe('a file', () => {
  it('is created together with its directories', async () => {
    path = folder.file('a/b/c.txt')
    await written(toFile(path), 'x')
    expect(text()).toBe('x\n')
  })

  it('that exists is refused', async () => {
    folder.file('out.txt', 'precious\n')
    await expect(open(toFile(path))).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringMatching(/out\.txt" cannot be written: it exists already\. Remove it, or pass overwrite: true/),
      context: { path },
    })
    expect(text()).toBe('precious\n')
  })

  it('that exists can be replaced', async () => {
    folder.file('out.txt', 'something long\n')
    await written(toFile(path, { overwrite: true }), 'x')
    expect(text()).toBe('x\n')
  })

  it.each([
    ['before\n', 'before\nx\n'],
    ['before', 'before\nx\n'],
    ['', 'x\n'],
    [undefined, 'x\n'],
  ])('that holds %j can be written on', async (before, after) => {
    folder.file('out.txt', before)
    const state = await written(toFile(path, { append: true }), 'x')
    expect(text()).toBe(after)
    expect(state).toEqual({ length: after.length })
  })

  it('is no directory, nor below a file', async () => {
    await expect(open(toFile(folder.path))).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('is') })
    folder.file('plain', '')
    await expect(open(toFile(folder.file('plain/x')))).rejects.toMatchObject({ code: 'ERR_FILE' })
  })

  it('has options that fit together', () => {
    expect(() => toFile(path, { append: true, overwrite: true })).toThrow(/exclude each other/)
    expect(() => toFile('')).toThrow(/not a path/)
  })

  it('has every line in order, however they are flushed', async () => {
    const steps = fc.array(
      fc.oneof(fc.string({ unit: fc.constantFrom('a', 'é', '😀') }), fc.constant('x'.repeat(30_000)), fc.constant(null)),
    )
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const partition = await open(toFile(path, { overwrite: true }))
        const lines: string[] = []
        for (const step of steps) {
          if (step !== null) {
            partition.write(step, undefined, 0)
            lines.push(`${step}\n`)
            continue
          }
          await partition.flush()
          expect(partition.snapshot(1)).toEqual({ length: statSync(path).size })
          expect(text()).toBe(lines.join(''))
        }
        await partition.flush()
        await partition.close()
        expect(text()).toBe(lines.join(''))
      }),
      PROPERTY_SETTINGS,
    )
  })

  it('is written without flush', async () => {
    const partition = await open(toFile(path))
    writeAll(partition, 'x')
    while (text() === '') await new Promise(setImmediate)
    expect(text()).toBe('x\n')
    await partition.close()
  })

  it('saturates the sink at a bound, and flush relieves it', async () => {
    const partition = await open(toFile(path))
    const line = 'x'.repeat(9_999)
    let lines = 0
    for (; !partition.saturated; lines++) partition.write(line, undefined, 0)
    expect(lines).toBe(Math.ceil(FILE_BUFFER_BYTES_MAX / 10_000))
    await partition.flush()
    expect(partition.saturated).toBe(false)
    expect(statSync(path).size).toBe(lines * 10_000)
    await partition.close()
  })

  it.skipIf(!existsSync('/dev/full'))('on a full disk is an error that says so', async () => {
    symlinkSync('/dev/full', path)
    const partition = await open(toFile(path, { overwrite: true }))
    writeAll(partition, 'x')
    await expect(partition.flush()).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('the disk is full') })
    expect(() => writeAll(partition, 'y')).toThrow(/disk is full/)
    await partition.close()
  })
})

describe('a restart', () => {
  it('cuts off what came after the snapshot and goes on', async () => {
    const first = await open(toFile(path))
    writeAll(first, 'a', 'é')
    await first.flush()
    const state = structuredClone(first.snapshot(1))
    writeAll(first, 'lost')
    await first.flush()
    await first.close()
    const second = await open(toFile(path), state, 2)
    expect(text()).toBe('a\né\n')
    writeAll(second, 'b')
    await second.flush()
    expect(second.snapshot(2)).toEqual({ length: 7 })
    await second.close()
    expect(text()).toBe('a\né\nb\n')
  })

  it('before anything was written creates the file', async () => {
    const partition = await open(toFile(path), { length: 0 }, 2)
    writeAll(partition, 'a')
    await partition.flush()
    await partition.close()
    expect(text()).toBe('a\n')
  })

  it('before the first snapshot moves aside what it finds, and begins again', async () => {
    await written(toFile(path), 'lost')
    const partition = await open(toFile(path), undefined, 2)
    writeAll(partition, 'a')
    await partition.flush()
    await partition.close()
    expect(text()).toBe('a\n')
    expect(readFileSync(`${path}.before-generation-2`, 'utf8')).toBe('lost\n')
  })

  it('is refused if the file has lost what the snapshot counts on', async () => {
    const state = await written(toFile(path), 'a long line')
    folder.file('out.txt', 'a')
    await expect(open(toFile(path), state, 2)).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('it has 1 bytes, but the snapshot counts on 12'),
    })
    await expect(open(toFile(folder.file('gone')), state, 2)).rejects.toMatchObject({ message: expect.stringContaining('no such file') })
  })
})

it('toFiles writes each record to the file that is named for it', async () => {
  const sink = toFiles<{ day: string; n: number }, undefined, number>(({ day }) => folder.file(`${day}/out.ndjson`))
  mkdirSync(folder.file('mon'))
  const values = [
    { day: 'mon', n: 1 },
    { day: 'tue', n: 2 },
    { day: 'mon', n: 3 },
  ]
  for (const day of ['mon', 'tue']) {
    const file = sink.partitionOf?.({ day, n: 0 }, undefined, 0) as string
    expect(file).toBe(folder.file(`${day}/out.ndjson`))
    const partition = await sink.openPartition(file, undefined, CONTEXT)
    for (const value of values) if (value.day === day) partition.write(value, undefined, 0)
    await partition.flush()
    await partition.close()
    expect((await readAll(ndjsonFile(file))).values).toEqual(values.filter((value) => value.day === day))
  }
})
