import { MalstromError } from './error.ts'

/** Refuses options that do not exist: a misspelt one would be ignored, and its default used without a word. */
export function checkOptionNames(owner: string, options: object, names: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown === undefined) return
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner} has no option "${unknown}". Its options are ${names.join(', ')}.`)
}
