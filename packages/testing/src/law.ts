import { describe, it } from 'vitest'

/** Something that every implementation of a contract keeps: a sentence, and a check that throws where it is broken. */
export interface Law {
  readonly name: string
  check(): Promise<void> | void
}

/** Registers one vitest test for each law. */
export function registerLaws(name: string, laws: readonly Law[], timeoutMs: number): void {
  describe(name, () => {
    for (const law of laws) it(law.name, () => law.check(), timeoutMs)
  })
}

/** The names of the laws that are broken, so that a suite can be tested with implementations that have a planted bug. */
export async function brokenLaws(laws: readonly Law[]): Promise<string[]> {
  const broken: string[] = []
  for (const law of laws) {
    try {
      await law.check()
    } catch {
      broken.push(law.name)
    }
  }
  return broken
}

/** Throws unless `condition` holds. */
export function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}
