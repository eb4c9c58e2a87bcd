import type { RecordNames, TaskCode, TimestampAlgebra } from '@malstrom/core'
import { isNumberTime } from '../time/is-number-time.ts'
import type { SlicedWindows } from './sliced-windows.ts'
import type { Slices } from './window.ts'

/** Lines that find what the key of a record has in its slice; `update` says the lines that put the record to it. */
export function recordLines(
  code: TaskCode,
  { key, timestamp }: Pick<RecordNames, 'key' | 'timestamp'>,
  windows: SlicedWindows,
  update: (sum: string) => string,
): string {
  const name = code.bind('windows', windows)
  const [cell, state, slice, place, sum] = ['cell', 'state', 'slice', 'place', 'sum'].map((hint) => code.local(hint))
  const lines = [
    `${slice} = ${sliceLine(code, windows.slices, timestamp)}`,
    `${cell} = ${code.bind('states', windows.store)}.cell(${key})`,
    `${state} = ${cell}.state`,
    `if (${state} === undefined) ${state} = ${cell}.state = ${name}.open(${cell}, ${slice})`,
    `${place} = ${state}.slice === ${slice} ? -1 : ${name}.placeOf(${state}, ${slice})`,
    `${sum} = ${place} < 0 ? ${state}.accumulator : ${state}.ring.earlier[${place}]`,
    update(sum as string),
    `if (${place} < 0) ${state}.accumulator = ${sum}`,
    `else ${state}.ring.earlier[${place}] = ${sum}`,
  ].join('\n')
  return lateLines(code, { timestamp }, windows, lines)
}

/** Lines that count a record as late if all its windows are over; otherwise `lines`. */
export function lateLines(code: TaskCode, { timestamp }: Pick<RecordNames, 'timestamp'>, windows: SlicedWindows, lines: string): string {
  const name = code.bind('windows', windows)
  const { time } = windows
  // Whoever is after the frontier is not late; for numbers, nobody is behind `undefined`.
  const isBehind = `${isNumberTime(time) ? '' : `${name}.frontier !== undefined && `}${code.notAfter(time, timestamp, `${name}.frontier`)}`
  const late = code.count(`${code.bind('counters', windows.counters)}.late`)
  return `if (${isBehind} && ${name}.isLate(${timestamp})) ${late}\nelse {\n${lines}\n}`
}

/** Lines that fire the windows that an epoch completes. */
export function fireLines(code: TaskCode, epoch: string, time: TimestampAlgebra<unknown>, windows: SlicedWindows): string {
  const name = code.bind('windows', windows)
  return [
    `if (${code.notAfter(time, `${code.bind('dues', windows.dues)}.next`, epoch)}) ${name}.fire(${epoch})`,
    `${name}.frontier = ${epoch}`,
  ].join('\n')
}

/** An expression for the slice of a timestamp; plain arithmetic for numbers. */
function sliceLine(code: TaskCode, slices: Slices<unknown>, timestamp: string): string {
  const { even } = slices
  if (even === undefined) return `${code.bind('slices', slices)}.sliceOf(${timestamp})`
  return `Math.floor((${timestamp} - ${code.bind('offset', even.offset)}) / ${code.bind('size', even.size)})`
}
