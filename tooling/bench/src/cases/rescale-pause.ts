import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiThread } from '@malstrom/runtime'
import { rescaleJob, Slot } from '../exchange/rescale-job.ts'
import { type Figure, figureOf } from '../figure.ts'

const RUNS = 3
const KEYS = 1_000_000
const RATE = 100_000
const SECONDS = 30

/**
 * From one worker to two and back while 100,000 records per second of a million keys come: how late a record of a key that moves, and of one that
 * stays, is at most; and how long it takes until results come again after the thread of a worker has ended.
 */
export async function runRescalePause(): Promise<Figure[]> {
  const [moving, staying, recovery]: number[][] = [[], [], []]
  for (let run = 0; run < RUNS; run++) {
    const directory = mkdtempSync(join(tmpdir(), 'malstrom-rescale-'))
    try {
      const shared = new SharedArrayBuffer(128)
      const slots = new Float64Array(shared)
      const params = { directory, keys: KEYS, rate: RATE, seconds: SECONDS, shared }
      const execution = await multiThread({ workers: 1, snapshotIntervalMs: 1_000_000 }).start(rescaleJob, params)
      await until(() => slots[Slot.loaded] === 1)
      await execution.snapshot()
      await pause(500)
      slots[Slot.counting] = 1
      await execution.rescale(2)
      await pause(500)
      await execution.rescale(1)
      await pause(500)
      slots[Slot.counting] = 0
      moving?.push(slots[Slot.moving] as number)
      staying?.push(slots[Slot.staying] as number)
      await execution.rescale(2)
      slots[Slot.kill] = 1
      await until(() => slots[Slot.resumedAt] !== 0)
      recovery?.push(((slots[Slot.resumedAt] as number) - (slots[Slot.killedAt] as number)) / 1_000)
      await execution.cancel()
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  return [
    figureOf('rescale-pause', 'moving_ms', 'ms', moving ?? []),
    figureOf('rescale-pause', 'staying_ms', 'ms', staying ?? []),
    figureOf('rescale-pause', 'recovery_seconds', 's', recovery ?? []),
  ]
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function until(reached: () => boolean): Promise<void> {
  for (let waited = 0; !reached(); waited += 5) {
    if (waited > 60_000) throw new Error('nothing has happened for a minute')
    await pause(5)
  }
}
