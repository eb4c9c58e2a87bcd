import { DEPTH_MAX, kindOf } from './value-kinds.ts'

/** Where in a value lies what cannot be encoded, and what it is; `undefined` if all of it can be. */
export function findObstacle(value: unknown, path: string, depth = 0): string | undefined {
  if (typeof value === 'function') return `${path} is a function`
  if (typeof value === 'symbol') return `${path} is a symbol`
  if (typeof value !== 'object' || value === null) return undefined
  if (depth >= DEPTH_MAX) return `${path.slice(0, 80)}... is nested more than ${DEPTH_MAX} deep, or contains itself`
  switch (kindOf(value)) {
    case 'array':
      return first(value as unknown[], (element, i) => findObstacle(element, `${path}[${i}]`, depth + 1))
    case 'object':
    case 'bareObject':
      return first(Object.entries(value), ([name, property]) => findObstacle(property, `${path}.${name}`, depth + 1))
    case 'map':
      return first(
        [...(value as Map<unknown, unknown>)],
        ([key, entry], i) => findObstacle(key, `${path}.key(${i})`, depth + 1) ?? findObstacle(entry, `${path}.entry(${i})`, depth + 1),
      )
    case 'set':
      return first([...(value as Set<unknown>)], (element, i) => findObstacle(element, `${path}.element(${i})`, depth + 1))
    case undefined:
      return `${path} is a ${value.constructor?.name ?? 'strange object'}, and of objects only plain ones can be encoded`
    default:
      return undefined
  }
}

function first<E>(elements: readonly E[], find: (element: E, index: number) => string | undefined): string | undefined {
  for (const [index, element] of elements.entries()) {
    const obstacle = find(element, index)
    if (obstacle !== undefined) return obstacle
  }
  return undefined
}
