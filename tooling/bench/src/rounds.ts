/** Something that is run over and over on the same records. */
export interface Contestant {
  readonly name: string
  readonly records: number
  /** The only right result of `run`. */
  readonly checksum: number
  run(): number | Promise<number>
}

/** A run is measured again while it got less of a CPU than this, and the run that got most is counted. */
const CPU_SHARE_MIN = 0.95
const ATTEMPTS_MAX = 3

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
      const elapsedMs = await measure(contestant, round < 0 ? 1 : ATTEMPTS_MAX)
      if (round >= 0) samples.get(contestant.name)?.push((elapsedMs * 1e6) / contestant.records)
    }
  }
  return samples
}

/**
 * The wall time of one run. Other processes, and other machines on the same hardware, take the CPU
 * away for tens of milliseconds. Which run is counted depends on how much CPU it got, never on how
 * fast it was.
 */
async function measure(contestant: Contestant, attemptsMax: number): Promise<number> {
  let best = await runOnce(contestant)
  for (let attempt = 1; attempt < attemptsMax && best.cpuShare < CPU_SHARE_MIN; attempt++) {
    const again = await runOnce(contestant)
    if (again.cpuShare > best.cpuShare) best = again
  }
  return best.elapsedMs
}

async function runOnce(contestant: Contestant): Promise<{ elapsedMs: number; cpuShare: number }> {
  collectYoungGarbage()
  const cpuStart = process.cpuUsage()
  const start = performance.now()
  const checksum = await contestant.run()
  const elapsedMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpuStart)
  if (checksum !== contestant.checksum) {
    throw new Error(`${contestant.name} computed ${checksum}, right is ${contestant.checksum}. Nothing was measured.`)
  }
  return { elapsedMs, cpuShare: (user + system) / 1000 / elapsedMs }
}

/**
 * Nobody pays for the garbage of the one before. A full collection would also throw away V8's
 * compilation cache, which no running process loses all the time.
 */
function collectYoungGarbage(): void {
  globalThis.gc?.({ type: 'minor' })
}
