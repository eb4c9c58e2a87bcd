/** What a beacon tells of what is looked for: it comes after the beacon, or before it, or the beacon does not tell. */
export type Bearing = 'after' | 'before' | 'unknown'

/** Between which beacons something is. */
export interface Surveyed {
  /** The last beacon it is known to come after; 0 for the beginning of the file. */
  readonly after: number
  /** The first beacon it is known to come before; infinite if there is none. */
  readonly before: number
}

/**
 * Halves the beacons `1` to `count` until nothing is left between the two that enclose what is looked for, and asks each at most once. The
 * idea is that of SeaStreamer's surveyor; beacons that do not tell are walked around.
 */
export async function surveyBeacons(count: number, bearingAt: (nth: number) => Promise<Bearing>): Promise<Surveyed> {
  let [after, before] = [0, Number.POSITIVE_INFINITY]
  // What is to be asked is in between.
  let [low, high] = [0, count + 1]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    let bearing: Bearing = 'unknown'
    let nth = middle
    for (; nth > low; nth--) {
      bearing = await bearingAt(nth)
      if (bearing !== 'unknown') break
    }
    if (bearing === 'before') before = high = nth
    else {
      if (bearing === 'after') after = nth
      low = middle
    }
  }
  return { after, before }
}
