import { checkKey, type Key, MalstromError } from '@malstrom/core'
import { CellIndex } from '../state/cell-index.ts'
import { show } from '../worker/failure.ts'

/** What `listPartitions` of a source returned, if that is a list of different keys. */
export function checkPartitions(keys: unknown): readonly Key[] {
  if (!Array.isArray(keys)) {
    throw new MalstromError('ERR_SOURCE_FAILED', `listPartitions returned ${show(keys)}; it returns an array of keys.`)
  }
  const known = new CellIndex<{ readonly key: Key }>()
  for (const key of keys) {
    checkKey(key)
    if (known.get(key) !== undefined) {
      throw new MalstromError('ERR_SOURCE_FAILED', `listPartitions names ${show(key)} twice; each partition has one reader.`)
    }
    known.add({ key })
  }
  return keys
}
