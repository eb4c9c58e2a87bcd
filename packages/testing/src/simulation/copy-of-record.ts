/**
 * What a sink keeps of a value that the job may go on changing: a copy of arrays, plain objects, maps, sets and
 * dates, all the way down. Instances of other classes stay themselves, so that their methods can be called.
 */
export function copyOfRecord<V>(value: V): V {
  return typeof value === 'object' ? (copy(value, new Map()) as V) : value
}

function copy(value: unknown, known: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (known.has(value)) return known.get(value)
  const remember = <C extends object>(copied: C): C => {
    known.set(value, copied)
    return copied
  }
  switch (Object.getPrototypeOf(value)) {
    case Array.prototype: {
      const copied = remember([...(value as unknown[])])
      for (let i = 0; i < copied.length; i++) copied[i] = copy(copied[i], known)
      return copied
    }
    case Object.prototype: {
      const copied = remember({ ...value } as Record<string, unknown>)
      for (const name of Object.keys(copied)) copied[name] = copy(copied[name], known)
      return copied
    }
    case Map.prototype: {
      const copied = remember(new Map<unknown, unknown>())
      for (const [key, entry] of value as Map<unknown, unknown>) copied.set(copy(key, known), copy(entry, known))
      return copied
    }
    case Set.prototype: {
      const copied = remember(new Set<unknown>())
      for (const element of value as Set<unknown>) copied.add(copy(element, known))
      return copied
    }
    case Date.prototype:
      return new Date((value as Date).getTime())
    default:
      return value
  }
}
