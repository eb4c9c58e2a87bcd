/** A line of a log: `2026-01-02T03:04:05.678Z ERROR payments: card refused`. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly level: string
  readonly service: string
  readonly message: string
}

const LINE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z) ([A-Z]+) ([\w.-]+): (.*)$/

/** `undefined` for what is no line of a log, such as the lines of a stack trace. */
export function parseLogLine(line: string): LogLine | undefined {
  const [, time = '', level = '', service = '', message = ''] = LINE.exec(line) ?? []
  const at = Date.parse(time)
  return Number.isNaN(at) ? undefined : { at, level, service, message }
}
