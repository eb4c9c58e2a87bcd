/** The median: half of the samples are not above it. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** The interquartile range divided by the median: 0.1 says that the middle half of the runs lies within 10%. */
export function relativeSpread(samples: readonly number[]): number {
  const middle = median(samples)
  const range = quantile(samples, 0.75) - quantile(samples, 0.25)
  return range === 0 ? 0 : range / Math.abs(middle)
}

/** The value below which the share `q` of the samples lies, interpolated between neighbours. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) throw new RangeError('There are no samples.')
  const sorted = Float64Array.from(samples).sort()
  const position = (sorted.length - 1) * q
  const below = Math.floor(position)
  const low = sorted[below] as number
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number
  return low + (high - low) * (position - below)
}

/** `numerators[i] / denominators[i]`: the samples of one round are divided by those of the same round. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length) throw new RangeError('Both need one sample per round.')
  return numerators.map((numerator, round) => numerator / (denominators[round] as number))
}

/** By how much y grows for each unit of x along the line that leaves the least squares of distances. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [meanX, meanY] = [mean(0), mean(1)]
  let [both, square] = [0, 0]
  for (const [x, y] of points) {
    both += (x - meanX) * (y - meanY)
    square += (x - meanX) ** 2
  }
  if (square === 0) throw new RangeError('A line needs points at two places.')
  return both / square
}
