import { type Codec, checkOptionNames, MalstromError, type StateDefinition, type StateOptions } from '@malstrom/core'

/** Checks what a job says about how the states of an operator are saved. */
export function checkStateOptions(operator: string, options: StateOptions<never> = {}, more: readonly string[] = []): StateDefinition {
  checkOptionNames(operator, options, ['codec', 'version', 'migrate', ...more])
  return stateOptions(options)
}

/** The same of logic, which has other members besides. Methods stay bound to it. */
// biome-ignore lint/suspicious/noExplicitAny: the erased form of every logic's options
export function stateOptions(logic: { codec?: any; version?: any; migrate?(saved: unknown, version: number): any } = {}): StateDefinition {
  const { version, codec } = logic
  if (version !== undefined && !(Number.isInteger(version) && version > 0)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `the version of a state is a whole number above 0, not ${String(version)}.`)
  }
  if (codec !== undefined && !isCodec(codec)) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', 'a codec has an id, and the methods encode and decode.')
  }
  return {
    ...(version === undefined ? {} : { version }),
    ...(codec === undefined ? {} : { codec: codec as Codec<unknown> }),
    ...(logic.migrate === undefined ? {} : { migrate: (saved: unknown, savedVersion: number) => logic.migrate?.(saved, savedVersion) }),
  }
}

function isCodec(codec: unknown): boolean {
  const { id, encode, decode } = (codec ?? {}) as Partial<Codec<unknown>>
  return typeof id === 'string' && id !== '' && typeof encode === 'function' && typeof decode === 'function'
}
