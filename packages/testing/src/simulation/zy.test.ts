import { writeFileSync } from 'node:fs'
import { it } from 'vitest'
import { shopsJob } from './shops-job.ts'
import { simulate } from './simulate.ts'
import { World } from './world.ts'

it('one', { timeout: 100000 }, async () => {
  const seed = Number(process.env.SEED)
  const notes: string[] = []
  const original = World.prototype.note
  World.prototype.note = function (text) {
    notes.push(`${this.nowMs.toFixed(1)} ${text}`)
    original.call(this, text)
  }
  try {
    let j: any
    await simulate((w) => (j = shopsJob(w, seed)).job, {
      seed,
      workers: 1 + (seed % 4),
      rescales: Number(process.env.R ?? 0),
      faults: process.env.F ? {} : { crashes: 0, cuts: 0, ambiguousWrites: 0, failedWrites: 0 },
    })
    j.check()
  } catch (e) {
    console.log((e as Error).message, (e as any).stack?.split('\n').slice(0, 12).join('\n'))
  }
  for (const w of (globalThis as any).WW ?? []) {
    const [id, g, st, tasks] = w()
    console.log('WORKER', id, g, st)
    for (const t of tasks) console.log('   ', t.map(String).join(' | '))
  }
  writeFileSync('/tmp/log.txt', notes.join('\n'))
})
