/** A place in the job's code, for messages; `undefined` if it cannot be told. */
export type CallSite = () => string | undefined

/**
 * Where the job's code called `method`, as `job.ts:12`, for error messages. Reads V8's stack text;
 * elsewhere, or if the text has another form, there is no answer. The text is made when somebody asks: with source maps
 * it takes a good part of building a graph, and mostly nobody does.
 */
// biome-ignore lint/complexity/noBannedTypes: captureStackTrace takes any function
export function callSiteOf(method: Function): CallSite {
  const holder: { stack?: string } = {}
  const { stackTraceLimit } = Error
  // One frame is enough. Refused where built-in objects are frozen.
  Reflect.set(Error, 'stackTraceLimit', Math.min(stackTraceLimit, 1))
  Error.captureStackTrace?.(holder, method)
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  return () => {
    const frame = holder.stack?.split('\n')[1]
    const place = frame?.match(/([^/\\(\s]+):(\d+):\d+\)?$/)
    return place ? `${place[1]}:${place[2]}` : undefined
  }
}

/** The place as it stands in messages behind a name, or nothing. */
export function at(site: CallSite): string {
  const place = site()
  return place === undefined ? '' : ` (${place})`
}
