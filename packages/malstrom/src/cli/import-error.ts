import { spawnSync } from 'node:child_process'
import { MalstromError, messageOf } from '@malstrom/core'
import { placeOf, shownPath } from './place.ts'
import { isMalstromError } from './report-error.ts'

/** What the import of a job file threw, with the place and what to do. */
export function importError(path: string, cause: unknown): MalstromError {
  const file = shownPath(path)
  const context = { path }
  const place = placeOf(cause) ?? syntaxErrorPlace(path, cause)
  const at = place === undefined ? '' : `${place}: `
  if (isMalstromError(cause)) return new MalstromError(cause.code, `${at}${cause.message}`, { cause, context: { ...cause.context, path } })
  const name = cause instanceof Error && !cause.message.startsWith('Transform failed') ? `${cause.name}: ` : ''
  return new MalstromError('ERR_JOB_IMPORT', `Importing "${file}" failed: ${at}${name}${shortMessage(cause)}${hint(cause)}`, {
    cause,
    context,
  })
}

/** The message without the lists that follow in those of module loaders and compilers. */
function shortMessage(cause: unknown): string {
  const lines = messageOf(cause).split('\n')
  if (!lines[0]?.startsWith('Transform failed')) return lines[0] as string
  // esbuild, through tsx: the first line counts the errors, the next is "<file>:<line>:<column>: ERROR: <message>".
  return lines[1]?.replace(/^.*?: ERROR: /, 'SyntaxError: ') ?? (lines[0] as string)
}

function hint(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown }
  const name = /^Cannot find (?:package|module) '((?:@[^/']+\/)?[^/'.][^/']*)/.exec(messageOf(cause))?.[1]
  if (name !== undefined && !/^[A-Za-z]:/.test(name)) return `. Install it: npm install ${name}`
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return '. Node only strips types: replace enums, namespaces and parameter properties by plain JavaScript.'
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return '. A job file is a .ts, .mts, .js or .mjs module.'
  return ''
}

/** V8 does not tell where a syntax error of an imported module is; `node --check` does. */
function syntaxErrorPlace(path: string, cause: unknown): string | undefined {
  if (!(cause instanceof SyntaxError) || !/\.[cm]?js$/.test(path)) return undefined
  const { stderr } = spawnSync(process.execPath, ['--check', path], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })
  const line = /^(?:file:\/\/)?.*:(\d+)$/m.exec(stderr)?.[1]
  // Otherwise it is in a module that the job file imports.
  return line === undefined ? undefined : `${shownPath(path)}:${line}`
}
