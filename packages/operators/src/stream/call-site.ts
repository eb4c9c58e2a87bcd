/**
 * Where the job's code called `method`, as `job.ts:12`, for error messages. Reads V8's stack text;
 * elsewhere, or if the text has another form, there is no answer.
 */
// biome-ignore lint/complexity/noBannedTypes: captureStackTrace takes any function
export function callSiteOf(method: Function): string | undefined {
  const holder: { stack?: string } = {}
  Error.captureStackTrace?.(holder, method)
  const frame = holder.stack?.split('\n')[1]
  const place = frame?.match(/([^/\\(\s]+):(\d+):\d+\)?$/)
  return place ? `${place[1]}:${place[2]}` : undefined
}
