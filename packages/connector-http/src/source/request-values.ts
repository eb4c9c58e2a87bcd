import { messageOf } from '@malstrom/core'

/** Why a request is not taken. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.headers = headers
  }
}

export type BodyForm = 'json' | 'ndjson'

const FORMS: Readonly<Record<string, BodyForm>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
}

/** The form that the headers name. Pages of other origins cannot send these types without asking first. */
export function bodyForm(contentType: string | undefined, contentEncoding: string | undefined): BodyForm {
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    throw new Refusal(415, 'compressed bodies are not taken')
  }
  const [type = ''] = (contentType ?? '').split(';')
  const form = FORMS[type.trim().toLowerCase()] ?? (/^application\/[\w.-]+\+json$/i.test(type.trim()) ? 'json' : undefined)
  if (form === undefined) throw new Refusal(415, 'Content-Type must be application/json or application/x-ndjson')
  return form
}

/** The JSON values of a body: one, those of an array, or one for each line. */
export function valuesOf(body: Uint8Array, form: BodyForm): readonly unknown[] {
  const text = textOf(body)
  if (form === 'json') {
    const value = parsed(text, '')
    return Array.isArray(value) ? value : [value]
  }
  const values: unknown[] = []
  let line = 0
  for (const part of text.split('\n')) {
    line++
    if (part.trim() !== '') values.push(parsed(part, `line ${line}: `))
  }
  return values
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new Refusal(400, 'the body is not UTF-8')
  }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw new Refusal(400, `${where}not valid JSON (${messageOf(thrown)})`)
  }
}
