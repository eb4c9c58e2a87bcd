/** `statefulMap` keeps a state from record to record: here the sum of all numbers so far. */
import { defineJob, fromIterable } from 'malstrom'

const numbers = [...Array(101).keys()] // 0 to 100

export default defineJob({
  name: 'stateful-programs',
  module: import.meta.url,
  build(flow) {
    flow
      .source('iter-source', fromIterable(numbers))
      .keyDistribute('key-by-value', () => 0) // all state is kept by key; one key for all is one state
      .statefulMap(
        'sum',
        () => 0,
        (state, value) => {
          const sum = state + value
          return [sum, sum] // what is emitted, and the state for the next record
        },
      )
      .inspect('print', (sum) => console.log(sum))
      .discard('end')
  },
})
