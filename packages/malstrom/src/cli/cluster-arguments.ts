import { MalstromError } from '@malstrom/core'

/** Where a process of a cluster listens, and with which keys. */
export interface PlaceChoice {
  readonly listen: string | undefined
  /** The host that others connect to. */
  readonly advertise: string | undefined
  /** The file of keys, or its folder. */
  readonly keys: string | undefined
  readonly joinLimitMs: number | undefined
}

/** Where a coordinator is by default. */
export const COORDINATOR_ADDRESS = 'tcp://127.0.0.1:7070'

type Values = ReadonlyMap<string, string | undefined>

export function placeChoice(values: Values, joinLimitMs: number | undefined): PlaceChoice {
  return { listen: values.get('listen'), advertise: values.get('advertise'), keys: values.get('keys'), joinLimitMs }
}

/** `<address>` */
export function statusArguments(command: 'status' | 'explain', words: readonly string[]): { readonly address: string } {
  const [address = COORDINATOR_ADDRESS, ...more] = words
  if (more.length > 0) throw usageError(`malstrom ${command} takes one address, and was given ${words.join(', ')}.`, command)
  return { address }
}

/** `<address> <workers>`, or only `<workers>` */
export function rescaleArguments(words: readonly string[]): { readonly address: string; readonly workers: number } {
  const [address, count, ...more] = words.length === 1 ? [COORDINATOR_ADDRESS, ...words] : words
  if (address === undefined || count === undefined || more.length > 0)
    throw usageError('malstrom rescale needs an address and a number of workers: malstrom rescale tcp://127.0.0.1:7070 4.', 'rescale')
  // Which numbers are possible, the job knows.
  const workers = Number(count)
  if (count.trim() === '' || Number.isNaN(workers))
    throw usageError(`malstrom rescale needs a number of workers, not "${count}".`, 'rescale')
  return { address, workers }
}

/** `<folder>` */
export function keysArguments(words: readonly string[]): { readonly folder: string } {
  const [folder, ...more] = words
  if (folder === undefined || folder === '' || more.length > 0)
    throw usageError('malstrom keys needs a folder: malstrom keys ./keys.', 'keys')
  return { folder }
}

function usageError(problem: string, command: string): MalstromError {
  return new MalstromError('ERR_CLI_USAGE', `${problem} See malstrom ${command} --help.`)
}
