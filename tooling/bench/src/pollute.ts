import { contestants } from './peers/index.ts'
import { ChecksumSink, type Step, Steps } from './pipeline.ts'

const RECORDS = 50_000
const REPEATS = 4

/**
 * Runs five other pipelines, of other shapes and value types, through ours and through every peer: a
 * process that runs one pipeline in its whole life flatters libraries whose operators share code.
 */
export async function pollute(only: readonly string[] = Object.keys(contestants)): Promise<void> {
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const { recordOf, steps, sink } of polluters) {
      const values = Array.from({ length: RECORDS }, (_, i) => recordOf(i))
      for (const [name, run] of Object.entries(contestants)) {
        if (only.includes(name)) await run({ values, steps, sink: sink() })
      }
    }
  }
}

interface Polluter {
  recordOf(index: number): unknown
  readonly steps: readonly Step[]
  sink(): ChecksumSink
}

class IntegerSink extends ChecksumSink {
  override write(value: number): void {
    this.checksum = (this.checksum + value) | 0
  }
}

class DoubleSink extends ChecksumSink {
  override write(value: number): void {
    this.checksum += value
  }
}

class StringSink extends ChecksumSink {
  override write(value: string): void {
    this.checksum += value.length
  }
}

class PointSink extends ChecksumSink {
  override write(point: { x: number; label: string }): void {
    this.checksum += point.x + point.label.length
  }
}

class BalanceSink extends ChecksumSink {
  override write(balance: { total: number }): void {
    this.checksum += balance.total
  }
}

const numbers: Polluter = {
  recordOf: (i) => i,
  steps: new Steps<number>()
    .map((x) => x ^ 5)
    .map((x) => x + 3)
    .filter((x) => (x & 1) === 0)
    .map((x) => x - 1).list,
  sink: () => new IntegerSink(),
}

const doubles: Polluter = {
  recordOf: (i) => i + 0.5,
  steps: new Steps<number>()
    .map((x) => Math.sqrt(x))
    .filter((x) => x > 1.5)
    .map((x) => x * 0.25)
    .filter((x) => x < 1e9)
    .map((x) => 1 / x)
    .map((x) => x + 0.125).list,
  sink: () => new DoubleSink(),
}

const strings: Polluter = {
  recordOf: (i) => `line ${i} of text`,
  steps: new Steps<string>()
    .map((s) => s.toUpperCase())
    .filter((s) => s.charCodeAt(5) !== 55)
    .map((s) => s.slice(2)).list,
  sink: () => new StringSink(),
}

const objects: Polluter = {
  recordOf: (i) => ({ x: i, y: -i, label: `p${i % 100}` }),
  steps: new Steps<{ x: number; y: number; label: string }>()
    .filter((p) => p.x !== p.y)
    .map((p) => ({ label: p.label, x: p.x * 2, y: p.y }))
    .map((p) => ({ x: p.x - p.y, label: p.label })).list,
  sink: () => new PointSink(),
}

const keyed: Polluter = {
  recordOf: (i) => ({ account: `a${i % 500}`, amount: i % 97, open: i % 3 === 0 }),
  steps: new Steps<{ account: string; amount: number; open: boolean }>()
    .filter((p) => p.open)
    .foldBy(
      (p) => p.account,
      0,
      (sum, p) => sum + p.amount,
    )
    .map((total) => ({ total })).list,
  sink: () => new BalanceSink(),
}

const polluters: readonly Polluter[] = [numbers, doubles, strings, objects, keyed]
