/** An operator of one's own, with one state per key: it collects values into batches. */
import { defineJob, fromIterable, type KeyedState, numberTime, type Output, type StatefulLogic, toConsole } from 'malstrom'

const numbers = [...Array(101).keys()] // 0 to 100

/** Emits the values of each key in arrays of `size`. The state of a key is the batch that is not full yet. */
class CustomBatching<K, V> implements StatefulLogic<K, V, V[], number, V[]> {
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  init(): V[] {
    return []
  }

  onData(value: V, batch: V[], output: Output<V[], K, number>, key: K, timestamp: number): V[] | undefined {
    batch.push(value)
    if (batch.length < this.#size) return batch
    output.emit(batch, key, timestamp)
    return undefined // forgets the key, so its next value starts with `init`
  }

  /** At the end of the stream nothing will fill the batches any more, so they are emitted as they are. */
  onEpoch(epoch: number, batches: KeyedState<K, V[]>, output: Output<V[], K, number>): void {
    if (epoch !== numberTime.max) return
    for (const [key, batch] of batches) {
      output.emit(batch, key, epoch)
      batches.delete(key)
    }
  }
}

export default defineJob({
  name: 'custom-stateful-operator',
  module: import.meta.url,
  build(flow) {
    flow
      .source('iter-source', fromIterable(numbers))
      .keyLocal('key-one', () => []) // only keyed streams have state; the empty tuple is one key for all
      .statefulOp('batches', new CustomBatching(5))
      .sink('stdout', toConsole())
  },
})
