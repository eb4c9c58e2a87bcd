import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { MalstromError, nearest } from '@malstrom/core'

/** The absolute path of a job file; `ERR_JOB_NOT_FOUND` if there is no such file. */
export function findJobFile(file: string): string {
  const path = resolve(file)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isFile()) return path
  const problem = stats === undefined ? `The job file "${file}" does not exist.` : `"${file}" is not a file.`
  throw new MalstromError('ERR_JOB_NOT_FOUND', `${problem}${suggestion(path, stats?.isDirectory() ?? false)}`, { context: { path } })
}

function suggestion(path: string, isDirectory: boolean): string {
  const names = modulesIn(isDirectory ? path : dirname(path))
  const [first, ...others] = names
  if (first === undefined) return ' Give the path of a .ts or .js file that exports a job.'
  if (isDirectory) return ` Give a file in it: ${[first, ...others.slice(0, 4)].join(', ')}.`
  const name = basename(path)
  const sameStem = names.find((candidate) => stem(candidate) === stem(name))
  const meant = sameStem ?? nearest(name, names)
  return meant === undefined ? ' Check the path.' : ` Did you mean ${meant}?`
}

function modulesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => /(?<!\.d)\.[cm]?[jt]s$/.test(name))
  } catch {
    return [] // A folder that cannot be read has nothing to suggest.
  }
}

function stem(name: string): string {
  return name.replace(/\.[^.]*$/, '')
}
