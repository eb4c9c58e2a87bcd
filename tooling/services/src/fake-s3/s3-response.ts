/** An answer of the server. */
export interface S3Response {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

const statusOf: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  ConditionalRequestConflict: 409,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidPart: 400,
  InvalidRange: 416,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  PreconditionFailed: 412,
  SlowDown: 503,
}

export function failure(code: string, status = statusOf[code] ?? 400): S3Response {
  return { ...xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`), status }
}

export function xml(content: string): S3Response {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: `<?xml version="1.0" encoding="UTF-8"?>${content}` }
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

export function unescaped(text: string): string {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" } as Readonly<Record<string, string>>
  return text.replace(/&(#x?)?(\w+);/g, (whole, numeric, name) => {
    if (numeric === undefined) return named[name] ?? whole
    return String.fromCodePoint(Number.parseInt(name, numeric === '#' ? 10 : 16))
  })
}

/** The texts of all elements of a name. */
export function elements(body: string, name: string): string[] {
  return [...body.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map((match) => match[1] ?? '')
}
