import type { Windows } from './window.ts'

/** One window for all time, for any kind of timestamps. It is complete at the end of the stream, so it is mostly used with a trigger. */
export function global(): Windows<unknown, false> {
  return {
    merging: false,
    assigner: (time) => {
      const windows = [{ start: time.min, end: time.max }]
      return { merging: false, description: 'global', assign: () => windows, lastOf: () => time.max }
    },
  }
}
