import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `path` as the user would write it: relative to the working directory, unless that leads out of it. */
export function shownPath(path: string): string {
  const shown = relative(process.cwd(), path)
  return shown === '' || shown.startsWith('..') ? path : shown
}

/** Where an error was thrown in the user's code, as `job.ts:12:5`; `undefined` if its stack does not tell. */
export function placeOf(thrown: unknown): string | undefined {
  const stack = thrown instanceof Error ? thrown.stack : undefined
  if (stack === undefined) return undefined
  // Errors of parsers carry the place in front of the message; others in the first frame of a file.
  const header = stack.slice(0, stack.search(/\n\s+at /) >>> 0)
  return placeIn(header.match(PARSER_PLACE)) ?? placeIn(frames(stack).find(isUserFrame)?.match(FRAME_PLACE))
}

const FILE = String.raw`((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^\n:?]*)(?:\?[^\n:]*)?`
const PARSER_PLACE = new RegExp(`^${FILE}:(\\d+)(?::(\\d+))?(?=:|$)`, 'm')
const FRAME_PLACE = new RegExp(`^\\s+at (?:.* \\(|async )?${FILE}:(\\d+):(\\d+)\\)?$`)

function frames(stack: string): string[] {
  return stack.split('\n').filter((line) => /^\s+at /.test(line))
}

function isUserFrame(frame: string): boolean {
  return FRAME_PLACE.test(frame) && !/[\\/]node_modules[\\/]/.test(frame) && !frame.includes(OWN_PACKAGES)
}

/** The folder that holds the engine's packages when it runs from source; what is installed is in `node_modules`. */
const OWN_PACKAGES = fileURLToPath(new URL('../../../', import.meta.url))
  .split(sep)
  .join('/')

function placeIn(match: RegExpMatchArray | null | undefined): string | undefined {
  if (!match) return undefined
  const [, file, line, column] = match as unknown as [string, string, string, string | undefined]
  const path = shownPath(file.startsWith('file:') ? fileURLToPath(file) : file)
  return column === undefined ? `${path}:${line}` : `${path}:${line}:${column}`
}
