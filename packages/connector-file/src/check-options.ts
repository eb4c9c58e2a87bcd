import { MalstromError } from '@malstrom/core'

/** Refuses a bound that bounds nothing. */
export function checkByteBound(owner: string, option: string, bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: ${option} is ${bytes}. Give a whole number of bytes above 0.`)
}

/** One path or several, without duplicates: a path names a partition. */
export function checkPaths(owner: string, paths: string | readonly string[]): readonly string[] {
  const list = typeof paths === 'string' ? [paths] : [...paths]
  for (const path of list) {
    if (typeof path === 'string' && path !== '') continue
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: ${JSON.stringify(path)} is not a path. Give a path, or an array of paths.`)
  }
  const twice = list.find((path, i) => list.indexOf(path) !== i)
  if (twice === undefined) return list
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: "${twice}" is given twice, and each file is one partition. Remove one.`)
}
