/**
 * One step in the life of a table: a row was added (`diff: 1`) or taken away (`diff: -1`). An update is both, at the
 * same timestamp, the old row first. The rows of a table at a time are the sum of all changes up to it, as in
 * differential dataflow (McSherry et al., 2013); Flink's RowKind says -1 for UPDATE_BEFORE and DELETE, +1 for the others.
 */
export interface Change<V> {
  readonly value: V
  readonly diff: 1 | -1
}

/** What a sink that replaces by key wants to know: the row the key has now, or `undefined` if it has none any more. */
export interface Upsert<K, V> {
  readonly key: K
  readonly value: V | undefined
}
