/** 0, 1, 2 and so on. */
export function wholeNumbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

/** A die that falls the same way in every run: `dice(n)` is a whole number below `n`, at most 2^31. */
export function diceOf(seed: number): (sides: number) => number {
  let state = (seed * 2_654_435_769) >>> 0 || 1
  return (sides) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 1) % sides
  }
}
