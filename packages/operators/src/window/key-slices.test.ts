import fc from 'fast-check'
import { expect, it } from 'vitest'
import { KeySlices, packSlices, unpackSlices } from './key-slices.ts'

const join = (earlier: unknown, later: unknown) => `${earlier}${later}`

/** Slices to add to, as distances behind the newest, and how far the windows go on then. */
const steps = fc.array(fc.record({ ahead: fc.integer({ min: 0, max: 4 }), behind: fc.nat(8), fires: fc.nat(3), saves: fc.boolean() }), {
  maxLength: 60,
})

it('windows of any number of slices are those of a naive model, whatever the order, also out of a snapshot (property)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), steps, (size, slide, all) => {
      const perWindow = Math.max(size, slide)
      const perSlide = Math.min(size, slide)
      const naive = new Map<number, string>()
      let state: KeySlices | undefined
      let from = 0
      let newest = 0
      all.forEach(({ ahead, behind, fires, saves }, index) => {
        // Nothing comes to what has been complete.
        const slice = Math.max(newest + ahead - behind, from - perSlide + perWindow, 0)
        newest = Math.max(newest, slice)
        naive.set(slice, `${naive.get(slice) ?? ''}${index},`)
        if (state === undefined) state = new KeySlices('key', slice, `${index},`)
        else if (slice === state.slice) state.accumulator = `${state.accumulator}${index},`
        else if (slice > state.slice) state.begin(slice, `${index},`)
        else {
          const known = state.ring?.placeOf(slice) ?? -1
          const place = known < 0 ? state.insert(slice, '') : known
          const { earlier } = state.ring as NonNullable<KeySlices['ring']>
          earlier[place] = `${earlier[place]}${index},`
        }
        for (let n = 0; n < fires && state !== undefined; n++, from += perSlide) {
          const inWindow = [...naive].filter(([at]) => at >= from && at < from + perWindow).sort(([a], [b]) => a - b)
          if (inWindow.length === 0) continue
          expect(state.merged(from, from + perWindow, join)).toBe(inWindow.map(([, text]) => text).join(''))
          for (const at of naive.keys()) if (at < from + perSlide) naive.delete(at)
          if (!state.evict(from, from + perSlide, join)) state = undefined
        }
        expect(state?.first).toBe(naive.size === 0 ? undefined : Math.min(...naive.keys()))
        if (saves && state !== undefined) state = unpackSlices(packSlices(state), (saved) => saved)
      })
    }),
    { numRuns: 500 },
  )
})
