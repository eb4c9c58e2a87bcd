import { it } from 'vitest'
import { runShops } from './run-shops.ts'

it('many', { timeout: 1000000 }, async () => {
  const first = Number(process.env.FIRST ?? 1)
  const n = Number(process.env.N ?? 100)
  const failures = new Map<string, number[]>()
  const start = performance.now()
  for (let seed = first; seed < first + n; seed++) {
    try {
      await runShops({
        seed,
        rescales: Number(process.env.R ?? 0),
        log: process.env.LOG === '1',
        faults: process.env.F ? {} : { crashes: 0, cuts: 0, ambiguousWrites: 0, failedWrites: 0 },
      })
    } catch (e) {
      const m = (e as Error).message.slice(0, 300).replace(/\d+/g, '#').slice(0, 150)
      failures.set(m, [...(failures.get(m) ?? []), seed])
      if (process.env.LOG === '1') {
        console.log((e as Error).stack, (e as any).cause)
      }
    }
  }
  console.log('ms/seed', (performance.now() - start) / n)
  for (const [m, seeds] of failures) console.log(seeds.length, seeds.slice(0, 8).join(','), m)
})
