import { PassThrough, Readable } from 'node:stream'
import type { SourcePartition } from '@malstrom/core'
import { defineJob, toArray } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { CONTEXT, Collected } from '../fixture/read-partition.ts'
import { stdinStream } from '../stream/stdio-stream.ts'
import { stdinCsv, stdinLines, stdinNdjson } from './stdin.ts'
import { STDIN_BUFFER_BYTES_MAX } from './stream-input.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** A source that is open, and what it has given so far. */
class Member {
  readonly output = new Collected<string>()
  readonly #partition: SourcePartition<string, number, unknown>

  constructor(partition: SourcePartition<string, number, unknown>) {
    this.#partition = partition
  }

  static async open(stream: Readable, group?: string): Promise<Member> {
    const source = stdinLines({ stream, ...(group === undefined ? {} : { group }) })
    const member = new Member(await source.openPartition('stdin', undefined, CONTEXT))
    member.read(1)
    return member
  }

  /** Everything there is, so many records at a time. */
  read(limit: number): void {
    for (;;) if (this.#partition.poll(this.output, limit) !== 'more') return
  }

  async close(): Promise<void> {
    await this.#partition.close()
  }
}

async function write(stream: PassThrough, text: string | Buffer): Promise<void> {
  stream.write(text)
  await turns(3)
}

describe('sources of one group', () => {
  it('share the lines in turn from when they are there: four to the first alone, then every other one', async () => {
    const stream = new PassThrough()
    const chip = await Member.open(stream, 'chips')
    await write(stream, '0\n1\n2\n3\n')
    const dale = await Member.open(stream, 'chips')
    await write(stream, '4\n5\n6\n7\n8\n')
    const third = await Member.open(stream, 'chips')
    await write(stream, 'a\nb\nc\nd\n')
    for (const member of [chip, dale, third]) member.read(100)
    expect(chip.output.values).toEqual(['0', '1', '2', '3', '4', '6', '8', 'a', 'd'])
    expect(dale.output.values).toEqual(['5', '7', 'b'])
    expect(third.output.values).toEqual(['c'])
    expect(dale.output.records.map(({ timestamp }) => timestamp)).toEqual([0, 1, 2])
    await dale.close()
    await write(stream, 'e\nf\ng\n')
    chip.read(100)
    third.read(100)
    expect([chip.output.values.slice(9), third.output.values.slice(1)]).toEqual([['e', 'g'], ['f']])
    await chip.close()
    await third.close()
  })

  it('count the messages that they want, whatever stands between them', async () => {
    const stream = new PassThrough()
    const source = stdinStream({ stream, group: 'g', keys: ['clicks'] })
    const [first, second] = [0, 1].map(() => source.openPartition('stdin', undefined, CONTEXT))
    const outputs = [new Collected<unknown>(), new Collected<unknown>()] as const
    const partitions = [await first, await second] as const
    partitions[0]?.poll(outputs[0], 1)
    await write(stream, '[clicks] 0\n[views] x\n[clicks] 1\n[views] x\n[clicks] 2\n[views] x\n[clicks] 3\n')
    partitions.forEach((partition, i) => {
      partition?.poll(outputs[i] as Collected<unknown>, 100)
    })
    const payloads = (output: Collected<unknown>) => output.values.map((value) => String((value as { payload: Uint8Array }).payload))
    expect(outputs.map(payloads)).toEqual([
      ['0', '2'],
      ['1', '3'],
    ])
    // A message has the number of its line on standard input.
    expect(outputs[1].values.map((value) => (value as { sequence: bigint }).sequence)).toEqual([2n, 6n])
    for (const partition of partitions) await partition?.close()
  })

  it('leave nothing to the one that is closed, and the rest to others', async () => {
    const stream = new PassThrough()
    const first = await Member.open(stream)
    await write(stream, 'a\nhalf ')
    first.read(10)
    await first.close()
    await write(stream, 'a line\nb\n')
    first.read(10)
    expect(first.output.values).toEqual(['a'])
    const second = await Member.open(stream)
    await turns(3)
    second.read(10)
    expect(second.output.values).toEqual(['b'])
    await second.close()
    const third = await stdinNdjson({ stream }).openPartition('stdin', undefined, CONTEXT)
    const output = new Collected<unknown>()
    third.poll(output, 1)
    await write(stream, '1\n{\n')
    // Lines are counted from the first one of standard input.
    expect(() => {
      while (third.poll(output, 1) !== 'finished');
    }).toThrow(/^stdin:5: not valid JSON/)
    await third.close()
  })

  it('must read in the same way', async () => {
    const stream = new PassThrough()
    const partition = await stdinLines({ stream, group: 'g' }).openPartition('stdin', undefined, CONTEXT)
    for (const other of [stdinNdjson({ stream, group: 'g' }), stdinLines({ stream, group: 'g', maxLineBytes: 5 })]) {
      const open = () => other.openPartition('stdin', undefined, CONTEXT)
      expect(open).toThrow(/sources of the group "g" read standard input in different ways: stdinLines\(\{\}\) and /)
    }
    const alone = await stdinNdjson({ stream, group: 'h' }).openPartition('stdin', undefined, CONTEXT)
    await partition.close()
    await alone.close()
    const after = await stdinNdjson({ stream, group: 'g' }).openPartition('stdin', undefined, CONTEXT)
    await after.close()
  })

  it('have a name, and no CSV', () => {
    expect(() => stdinLines({ group: '' })).toThrow(/stdinLines: group is ""\. Give a name/)
    expect(() => stdinStream({ group: 5 as unknown as string })).toThrow(/stdinStream: group is 5/)
    const options = { group: 'g' } as object
    expect(() => stdinCsv(options)).toThrow(/stdinCsv has no group/)
  })
})

it.each([
  ['share', 'workers'],
  ['read all', undefined],
])('sources of one flow %s from the first line on', async (_, group) => {
  const received: string[][] = [[], [], []]
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`)
  const stream = Readable.from(lines.map((line) => Buffer.from(`${line}\n`)))
  const options = group === undefined ? { stream } : { stream, group }
  const job = defineJob({
    name: 'shares',
    module: import.meta.url,
    build(flow) {
      received.forEach((into, i) => {
        flow.source(`in ${i}`, stdinLines(options)).sink(`out ${i}`, toArray(into))
      })
    },
  })
  await singleThread().run(job)
  const mine = (i: number) => lines.filter((_, n) => group === undefined || n % received.length === i)
  expect(received).toEqual(received.map((_, i) => mine(i)))
})

describe('the slowest reader', () => {
  it('holds the others back, until it leaves', async () => {
    const chunk = Buffer.from('0123456789abcde\n'.repeat(1024))
    let bytes = 0
    const stream: Readable = new Readable({
      read() {
        bytes += chunk.length
        setImmediate(() => stream.push(chunk))
      },
    })
    const [fast, slow] = [await Member.open(stream, 'a'), await Member.open(stream)]
    for (let i = 0; i < 200; i++) {
      await turns(1)
      if (i % 50 === 0) fast.read(1_000) // It is full by then.
    }
    const slack = 2 * chunk.length + stream.readableHighWaterMark
    expect(bytes).toBeGreaterThanOrEqual(STDIN_BUFFER_BYTES_MAX)
    expect(bytes).toBeLessThanOrEqual(STDIN_BUFFER_BYTES_MAX + slack)
    await slow.close()
    const before = fast.output.records.length
    for (let i = 0; i < 200; i++) {
      await turns(1)
      fast.read(1_000)
    }
    expect(fast.output.records.length).toBeGreaterThan(before + 10_000)
    await fast.close()
  })
})

type Step = { readonly write: string } | { readonly join: string } | { readonly leave: number } | { readonly read: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ write: fc.stringMatching(/^[aä\n]{1,12}$/) }) },
    { weight: 2, arbitrary: fc.record({ join: fc.constantFrom('', 'g', 'h') }) },
    { weight: 1, arbitrary: fc.record({ leave: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.record({ read: fc.integer({ min: 1, max: 5 }) }) },
  ),
  { maxLength: 40 },
)

/** A reader as the oracle sees it: from which byte of everything, and to which. */
interface Expected {
  readonly member: Member
  readonly group: string
  readonly from: number
  to: number
}

/** Whose a line is that begins at `at`: by a list of all joins and leaves, in order. */
function owners(
  log: readonly { at: number; members: readonly Expected[] }[],
  lineStarts: readonly number[],
  line: number,
): Expected | undefined {
  const start = lineStarts[line] as number
  const turn = log.filter(({ at }) => at <= start).at(-1)
  if (turn === undefined || turn.members.length === 0) return undefined
  const before = lineStarts.filter((other) => other >= turn.at && other < start).length
  return turn.members[before % turn.members.length]
}

it('every line goes to every group that is there, and in it to the member whose turn it is', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const stream = new PassThrough()
      let everything = Buffer.alloc(0)
      let given = 0
      const readers: Expected[] = []
      const logs: Record<string, { at: number; members: Expected[] }[]> = { g: [], h: [] }
      const present = () => readers.filter(({ to }) => to < 0)
      const changed = (group: string) => logs[group]?.push({ at: given, members: present().filter((other) => other.group === group) })
      const join = async (group: string) => {
        const from = given
        readers.push({ member: await Member.open(stream, group === '' ? undefined : group), group, from, to: -1 })
        changed(group)
        await turns(3)
        given = everything.length
      }
      const leave = async (reader: Expected) => {
        reader.member.read(7)
        await reader.member.close()
        reader.to = given
        changed(reader.group)
      }
      for (const step of steps) {
        if ('write' in step) {
          everything = Buffer.concat([everything, Buffer.from(step.write)])
          await write(stream, Buffer.from(step.write))
          if (present().length > 0) given = everything.length
        } else if ('join' in step) await join(step.join)
        else if ('read' in step) for (const { member } of present()) member.read(step.read)
        else if (step.leave < present().length) await leave(present()[step.leave] as Expected)
      }
      if (present().length === 0) await join('')
      stream.end()
      await turns(4)
      for (const reader of present()) {
        reader.member.read(3)
        reader.to = everything.length + 1 // With the end of the last line, which there may not be.
      }
      const lines = everything.toString('latin1').split('\n')
      if (lines.at(-1) === '') lines.pop()
      const lineStarts: number[] = []
      for (let at = 0, i = 0; i < lines.length; at += (lines[i++] as string).length + 1) lineStarts.push(at)
      for (const reader of readers) {
        const mine = lines.filter((line, i) => {
          const start = lineStarts[i] as number
          const isThere = start >= reader.from && start + line.length + 1 <= reader.to
          return isThere && (reader.group === '' || owners(logs[reader.group] ?? [], lineStarts, i) === reader)
        })
        expect(reader.member.output.values).toEqual(mine.map((line) => Buffer.from(line, 'latin1').toString()))
      }
      for (const { member } of readers) await member.close()
    }),
    { numRuns: 150 },
  )
})
