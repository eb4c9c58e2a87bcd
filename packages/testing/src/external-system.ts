/** How a suite gets what a connector talks to. `W` is whatever the options pass on: a path, a topic, a client. */
export interface ExternalSystem<W> extends SuiteLimits {
  /** Called before every check: makes a fresh external system, for example a temporary file or a new topic. */
  setup?(): Promise<W> | W
  /** Called after every check with what `setup` returned. */
  teardown?(system: W): Promise<void> | void
}

/** How long a suite waits, and how much it tries. */
export interface SuiteLimits {
  /** How long one call of the connector may take, in milliseconds. @default 5000 */
  readonly waitMs?: number
  /** How long one check may take, in milliseconds. @default 60000 */
  readonly timeoutMs?: number
  /** How many random schedules of restarts are tried. @default 50 */
  readonly runs?: number
}

export const WAIT_MS = 5_000
export const TIMEOUT_MS = 60_000
export const RUNS = 50

/** Runs `use` with an external system of its own. */
export async function withSystem<W>(options: ExternalSystem<W>, use: (system: W) => Promise<void>): Promise<void> {
  // Without `setup` nothing but `undefined` can be asked for.
  const system = (await options.setup?.()) as W
  try {
    await use(system)
  } finally {
    await options.teardown?.(system)
  }
}

/** The settings of a fast-check property that talks to an external system: it stops in time to report what it found. */
export function propertySettings(options: SuiteLimits): { numRuns: number; interruptAfterTimeLimit: number } {
  return { numRuns: options.runs ?? RUNS, interruptAfterTimeLimit: (options.timeoutMs ?? TIMEOUT_MS) / 2 }
}

/** Positions at which a restart is tried: every one of a short sequence, an even choice of `max` from a long one. */
export function cutPositions(length: number, max: number): number[] {
  const count = Math.min(length, max - 1)
  return Array.from({ length: count + 1 }, (_, index) => (count === 0 ? 0 : Math.round((index * length) / count)))
}
