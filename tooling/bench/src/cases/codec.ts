import { FrameDecoder, FrameEncoder } from '@malstrom/runtime'
import { type Figure, figureOf } from '../figure.ts'
import { diceOf } from './values.ts'

/** A run lasts about so long that other processes do not often fall into one. */
const RUN_RECORDS = 1_500_000
const WARMUP_RUNS = 6
const RUNS = 15
const HEADROOM = 24
const FRAMES = 16

interface Columns {
  readonly values: readonly unknown[]
  readonly start: number
  readonly keys: readonly unknown[] | undefined
  readonly timestamps: readonly number[]
  readonly count: number
}

/** Millions of records per second that become bytes, and that become records again: each side by itself, after frames of other shapes. */
export async function runCodec(): Promise<Figure[]> {
  for (const frames of polluters()) pollute(frames)
  return Object.entries(measured()).flatMap(([name, frames]) => [
    figureOf('codec', `${name}_encode_mrps`, 'M/s', encodeRates(frames)),
    figureOf('codec', `${name}_decode_mrps`, 'M/s', decodeRates(frames)),
    figureOf('codec', `${name}_record_bytes`, 'B', [bytesOf(frames)]),
  ])
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

function encodeRates(frames: readonly Columns[]): number[] {
  const encoder = new FrameEncoder()
  return ratesOf(frames, (f) => encoder.encode(frames[f] as Columns, HEADROOM).length)
}

function decodeRates(frames: readonly Columns[]): number[] {
  const encoder = new FrameEncoder()
  const decoder = new FrameDecoder()
  const encoded = frames.map((frame) => encoder.encode(frame, HEADROOM).slice())
  return ratesOf(frames, (f) => decoder.decode(encoded[f] as Uint8Array, HEADROOM).count)
}

function ratesOf(frames: readonly Columns[], run: (frame: number) => number): number[] {
  const records = (frames[0] as Columns).count
  const rounds = Math.ceil(RUN_RECORDS / records / frames.length)
  const rates: number[] = []
  for (let i = -WARMUP_RUNS; i < RUNS; i++) {
    const start = performance.now()
    let sum = 0
    for (let round = 0; round < rounds; round++) for (let f = 0; f < frames.length; f++) sum += run(f)
    const elapsedMs = performance.now() - start
    if (sum === 0) throw new Error('nothing was encoded')
    if (i >= 0) rates.push((rounds * frames.length * records) / elapsedMs / 1_000)
  }
  return rates
}

function bytesOf(frames: readonly Columns[]): number {
  const encoder = new FrameEncoder()
  return (encoder.encode(frames[0] as Columns, 0).length / (frames[0] as Columns).count) | 0
}
