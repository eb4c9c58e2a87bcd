import { MalstromError } from '@malstrom/core'
import { DEPTH_MAX, kindOf } from './value-kinds.ts'
import { NotEncodable } from './value-writer.ts'

/** Values that are looked at: what refers to others many times over would take for ever. */
const VISITS_MAX = 1_000_000

/** Where in a value lies what cannot be encoded, and what it is; `undefined` if all of it can be. */
export function findObstacle(value: unknown, path: string): string | undefined {
  return new Search().find(value, path, 0)
}

/** `findObstacle` for the values of a column from `from` on, before `to`. */
export function columnObstacle(column: ArrayLike<unknown>, from: number, to: number, path: string): string | undefined {
  const search = new Search()
  for (let i = from; i < to; i++) {
    const obstacle = search.find(column[i], `${path}[${i}]`, 0)
    if (obstacle !== undefined) return obstacle
  }
  return undefined
}

/** What a caller of the codec is told: `find` looks for the place only when something is wrong. */
export function explained(error: unknown, find: () => string | undefined): unknown {
  if (!(error instanceof NotEncodable)) return error
  return new MalstromError('ERR_VALUE_NOT_ENCODABLE', `${find() ?? 'A value'}. It cannot be saved or sent.`)
}

class Search {
  #visits = 0

  find(value: unknown, path: string, depth: number): string | undefined {
    if (typeof value === 'function') return `${path} is a function`
    if (typeof value === 'symbol') return `${path} is a symbol`
    if (typeof value !== 'object' || value === null) return undefined
    if (depth >= DEPTH_MAX) return `${path.slice(0, 80)}... is nested more than ${DEPTH_MAX} deep, or contains itself`
    if (++this.#visits > VISITS_MAX) return undefined
    switch (kindOf(value)) {
      case 'array':
        return first(value as unknown[], (element, i) => this.find(element, `${path}[${i}]`, depth + 1))
      case 'object':
      case 'bareObject':
        return first(Object.entries(value), ([name, property]) => this.find(property, `${path}.${name}`, depth + 1))
      case 'map':
        return first(
          [...(value as Map<unknown, unknown>)],
          ([key, entry], i) => this.find(key, `${path}.key(${i})`, depth + 1) ?? this.find(entry, `${path}.entry(${i})`, depth + 1),
        )
      case 'set':
        return first([...(value as Set<unknown>)], (element, i) => this.find(element, `${path}.element(${i})`, depth + 1))
      case undefined:
        return `${path} is a ${value.constructor?.name ?? 'strange object'}, and of objects only plain ones can be encoded`
      default:
        return undefined
    }
  }
}

function first<E>(elements: readonly E[], find: (element: E, index: number) => string | undefined): string | undefined {
  for (const [index, element] of elements.entries()) {
    const obstacle = find(element, index)
    if (obstacle !== undefined) return obstacle
  }
  return undefined
}
