/** A copy of what `snapshot` returned: real states are stored and sent, so they are plain data. */
export function copyOfState<S>(state: S): S {
  try {
    return structuredClone(state)
  } catch (cause) {
    throw new Error('snapshot() returned something that is not plain data.', { cause })
  }
}
