import { expect, it } from 'vitest'
import { totalsIn } from './simulated-totals.ts'

it('each total is seen once, whatever fails', async () => {
  for (let seed = 1; seed <= 30; seed++) expect(await totalsIn(seed)).toEqual([1, 3, 6, 10, 15])
})
