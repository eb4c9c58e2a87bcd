/** Something that is run over and over on the same records. */
export interface Contestant {
  readonly name: string
  readonly records: number
  /** The only right result of `run`. */
  readonly checksum: number
  run(): number | Promise<number>
}

/**
 * Runs all contestants in turn, round after round, so that the noise of the machine hits all alike.
 * Returns the nanoseconds per record of every counted round.
 */
export async function runRounds(
  contestants: readonly Contestant[],
  { warmup, counted }: { warmup: number; counted: number },
): Promise<ReadonlyMap<string, readonly number[]>> {
  const samples = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  for (let round = -warmup; round < counted; round++) {
    for (const contestant of contestants) {
      collectYoungGarbage()
      const start = performance.now()
      const checksum = await contestant.run()
      const elapsedMs = performance.now() - start
      if (checksum !== contestant.checksum) {
        throw new Error(`${contestant.name} computed ${checksum}, right is ${contestant.checksum}. Nothing was measured.`)
      }
      if (round >= 0) samples.get(contestant.name)?.push((elapsedMs * 1e6) / contestant.records)
    }
  }
  return samples
}

/**
 * Nobody pays for the garbage of the one before. A full collection would also throw away V8's
 * compilation cache, which no running process loses all the time.
 */
function collectYoungGarbage(): void {
  globalThis.gc?.({ type: 'minor' })
}
