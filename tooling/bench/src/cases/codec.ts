import { deserialize, serialize } from 'node:v8'
import { FrameDecoder, FrameEncoder } from '@malstrom/runtime'
import { type Figure, figureOf } from '../figure.ts'
import { type Contestant, runRounds } from '../rounds.ts'
import { ratios } from '../statistics.ts'
import { diceOf } from './values.ts'

/** A run is so short that other processes do not often fall into one. */
const RUN_RECORDS = 500_000
/** V8's own way is much slower. */
const V8_RECORDS = 50_000
const WARMUP_ROUNDS = 6
const ROUNDS = 15
const HEADROOM = 24
const FRAMES = 16

interface Columns {
  readonly values: readonly unknown[]
  readonly start: number
  readonly keys: readonly unknown[] | undefined
  readonly timestamps: readonly number[]
  readonly count: number
}

/**
 * Millions of records per second that become bytes, and that become records again: each side by
 * itself, in a process that has encoded frames of other shapes; and how often faster that is than
 * V8's own serializer, which `postMessage` uses.
 */
export async function runCodec(): Promise<Figure[]> {
  for (const frames of polluters()) pollute(frames)
  const figures: Figure[] = []
  for (const [name, frames] of Object.entries(measured())) {
    const samples = await runRounds(contestantsOf(frames), { warmup: WARMUP_ROUNDS, counted: ROUNDS })
    for (const side of ['encode', 'decode']) {
      const ours = samples.get(side) ?? []
      const rates = ours.map((ns) => 1_000 / ns)
      figures.push(figureOf('codec', `${name}_${side}_mrps`, 'M/s', rates))
      figures.push(figureOf('codec', `${name}_${side}_ratio_to_v8`, 'ratio', ratios(samples.get(`v8 ${side}`) ?? [], ours)))
    }
    figures.push(figureOf('codec', `${name}_record_bytes`, 'B', [bytesOf(frames)]))
  }
  return figures
}

function contestantsOf(frames: readonly Columns[]): Contestant[] {
  const encoder = new FrameEncoder()
  const decoder = new FrameDecoder()
  const encoded = frames.map((frame) => encoder.encode(frame, HEADROOM).slice())
  const serialized = frames.map((frame) => serialize(frame))
  return [
    contestant('encode', frames, RUN_RECORDS, (f) => (encoder.encode(frames[f] as Columns, HEADROOM).length > 0 ? 1 : 0)),
    contestant('decode', frames, RUN_RECORDS, (f) => (decoder.decode(encoded[f] as Uint8Array, HEADROOM).count > 0 ? 1 : 0)),
    contestant('v8 encode', frames, V8_RECORDS, (f) => (serialize(frames[f]).length > 0 ? 1 : 0)),
    contestant('v8 decode', frames, V8_RECORDS, (f) => ((deserialize(serialized[f] as Buffer) as Columns).count > 0 ? 1 : 0)),
  ]
}

/** Does `once` with every frame, over and over; its results are counted. */
function contestant(name: string, frames: readonly Columns[], records: number, once: (frame: number) => number): Contestant {
  const frameRecords = (frames[0] as Columns).count
  const rounds = Math.ceil(records / frameRecords / frames.length)
  return {
    name,
    records: rounds * frames.length * frameRecords,
    checksum: rounds * frames.length,
    run() {
      let sum = 0
      for (let round = 0; round < rounds; round++) for (let f = 0; f < frames.length; f++) sum += once(f)
      return sum
    },
  }
}

/** Frames of `records` records each, with rising timestamps. */
function framesOf(records: number, value: (i: number) => unknown, key?: (i: number) => unknown): Columns[] {
  return Array.from({ length: FRAMES }, (_, f) => {
    const indexes = Array.from({ length: records }, (_, i) => f * records + i)
    return {
      values: indexes.map(value),
      start: 0,
      keys: key === undefined ? undefined : indexes.map(key),
      timestamps: indexes.map((i) => 1_700_000_000_000 + i),
      count: records,
    }
  })
}

function measured(): Readonly<Record<string, Columns[]>> {
  const dice = diceOf(11)
  const customers = Array.from({ length: 1_000 }, (_, i) => `customer-${i}`)
  const cities = Array.from({ length: 50 }, (_, i) => `city-${i}`)
  const order = (id: string) => ({ id, city: cities[dice(50)], price: dice(1_000_000) / 100, quantity: dice(9), paid: dice(2) === 1 })
  return {
    numbers: framesOf(
      1_024,
      (i) => i * 0.5,
      () => dice(1_000),
    ),
    ints: framesOf(
      1_024,
      (i) => i,
      () => dice(1_000),
    ),
    /** Keys and other texts that occur often. */
    objects: framesOf(
      256,
      () => order(`product-${dice(60)}`),
      () => customers[dice(80)],
    ),
    /** Texts of which no two are equal. */
    unique: framesOf(
      256,
      (i) => order(`order-${i}`),
      (i) => `customer-${i}`,
    ),
  }
}

function polluters(): Columns[][] {
  return [
    framesOf(100, (i) => `line ${i} of text`),
    framesOf(
      100,
      (i) => ({ x: i, y: -i, label: `p${i % 10}` }),
      (i) => `k${i % 10}`,
    ),
    framesOf(
      100,
      (i) => ({ label: `p${i}`, at: { x: i, y: i / 3 } }),
      (i) => [i % 7, `part ${i % 3}`],
    ),
    framesOf(
      100,
      (i) => (i % 3 === 0 ? undefined : BigInt(i)),
      (i) => BigInt(i),
    ),
    framesOf(
      100,
      (i) => [i, i + 0.5, `t${i}`],
      (i) => i / 7,
    ),
    framesOf(
      100,
      (i) => new Map([[i, { open: i % 2 === 0 }]]),
      (i) => i,
    ),
    framesOf(100, (i) => ({ account: `a${i % 5}`, amount: i % 9, tags: ['a', 'b'], since: new Date(i) })),
    framesOf(100, (i) => i).map((frame) => ({ ...frame, values: Object.assign(new Array(100), frame.values) })),
    framesOf(100, (i) => i / 2).map((frame) => ({ ...frame, values: Object.assign(new Array(100), frame.values) })),
  ]
}

/** Through codecs of their own, as other exchanges have them. */
function pollute(frames: readonly Columns[]): void {
  const encoder = new FrameEncoder()
  const decoder = new FrameDecoder()
  for (let round = 0; round < 200; round++) for (const frame of frames) decoder.decode(encoder.encode(frame, HEADROOM), HEADROOM)
}

function bytesOf(frames: readonly Columns[]): number {
  const encoder = new FrameEncoder()
  return (encoder.encode(frames[0] as Columns, 0).length / (frames[0] as Columns).count) | 0
}
