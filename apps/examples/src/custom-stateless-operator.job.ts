/** An operator of one's own, without state: `onData` emits any number of records for each that comes. */
import { defineJob, fromIterable, type Output, type StatelessLogic, toConsole } from 'malstrom'

/** Emits each element of a value with the key and the timestamp of the whole. */
class CustomFlatten<V, K, T> implements StatelessLogic<readonly V[], V, K, T> {
  onData(values: readonly V[], output: Output<V, K, T>, key: K, timestamp: T): void {
    for (const value of values) output.emit(value, key, timestamp)
  }
}

export default defineJob({
  name: 'custom-stateless-operator',
  module: import.meta.url,
  build(flow) {
    flow
      .source(
        'iter-source',
        fromIterable([
          [1, 2, 3, 4],
          [5, 6, 7],
          [8, 9, 10],
        ]),
      )
      .statelessOp('flatten', new CustomFlatten())
      .sink('stdout', toConsole())
  },
})
