/** Does everything, one after the other and also after something failed; then throws what failed. */
export async function attemptAll(actions: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = []
  for (const action of actions) {
    try {
      await action()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw withOthers(errors)
}

/** The first of `errors`; the others, which came while things were being closed, are kept with it. */
export function withOthers(errors: readonly unknown[]): unknown {
  const [first, ...others] = errors
  if (!(first instanceof Error) || others.length === 0) return first
  const { suppressed = [] } = first as { suppressed?: readonly unknown[] }
  Object.defineProperty(first, 'suppressed', { value: [...suppressed, ...others], enumerable: false, configurable: true })
  return first
}
