import { type ErrorCode, type GraphNode, MalstromError, messageOf } from '@malstrom/core'

const SHOWN_CHARACTERS_MAX = 80

const codeOfRole: Record<GraphNode['role'], ErrorCode> = {
  source: 'ERR_SOURCE_FAILED',
  operator: 'ERR_OPERATOR_FAILED',
  sink: 'ERR_SINK_FAILED',
}

/** Errors that name their operator already; they pass through the callers of the operator as they are. */
const attributed = new WeakSet<Error>()

/** What a user's code threw, as an error that names the operator, the key and the timestamp. */
export function attribute(thrown: unknown, node: GraphNode, job: string, keyNow?: unknown, timestampNow?: unknown): MalstromError {
  if (thrown instanceof MalstromError && attributed.has(thrown)) return thrown
  const known = thrown instanceof MalstromError ? thrown : undefined
  // What is told between two records knows by itself which record it was about.
  const key = keyNow ?? known?.context?.key
  const timestamp = timestampNow ?? known?.context?.timestamp
  const where = [key === undefined ? '' : `key ${show(key)}`, timestamp === undefined ? '' : `timestamp ${show(timestamp)}`].filter(
    (part) => part !== '',
  )
  const place = `${node.role === 'operator' ? `Operator (${node.kind})` : node.role === 'sink' ? 'Sink' : 'Source'} "${node.name}"${node.location ? ` (${node.location})` : ''}`
  const error = new MalstromError(
    known?.code ?? codeOfRole[node.role],
    `${place} failed${where.length > 0 ? ` at ${where.join(', ')}` : ''}: ${messageOf(thrown)}`,
    { cause: thrown, context: { ...known?.context, job, operator: node.name, key, timestamp }, outcome: known?.outcome ?? 'failed' },
  )
  attributed.add(error)
  return error
}

/** A short text for a key or a timestamp. */
export function show(value: unknown): string {
  const text = textOf(value)
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}...`
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'object'
  return String(value)
}
