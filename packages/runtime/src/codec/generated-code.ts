/** Functions that are generated for encoding and decoding in one thread; what comes later takes the general way. */
const FUNCTIONS_MAX = 1_024

/** Rows that took the general way before a function is generated for them: small jobs never need it. */
export const GENERAL_ROWS_MAX = 512

/** V8 shares what it learns between functions of equal text, so every function gets a text of its own. */
let functionsGenerated = 0

/**
 * A function of its own for what follows, which V8 optimizes apart from all others whatever else the
 * process has run. `undefined` if there are too many already or code from strings is forbidden.
 *
 * The text must consist of what stands in this folder, of generated names and of numbers: names of
 * properties and other data come in as `values`, never as text.
 */
export function generated<F>(names: readonly string[], values: readonly unknown[], text: string): F | undefined {
  if (functionsGenerated >= FUNCTIONS_MAX) return undefined
  try {
    const create = new Function(...names, `'use strict' // codec ${functionsGenerated}\n${text}`)
    functionsGenerated++
    return create(...values) as F
  } catch (error) {
    if (!(error instanceof EvalError)) throw error
    // Forbidden is an answer, not an error; it stays so, and is not asked again.
    functionsGenerated = FUNCTIONS_MAX
    return undefined
  }
}

/** `make(0), make(1), ...`, one for each of `count`. */
export function listed(count: number, make: (index: number) => string, separator = ', '): string {
  return Array.from({ length: count }, (_, index) => make(index)).join(separator)
}
