/** State belongs to a key: the even numbers have one sum and the odd ones another. */
import { defineJob, fromIterable, toConsole } from 'malstrom'

const numbers = [...Array(101).keys()] // 0 to 100

export default defineJob({
  name: 'stateful-program-multiple-keys',
  module: import.meta.url,
  build(flow) {
    flow
      .source('iter-source', fromIterable(numbers))
      .keyDistribute('key-by-value', (value) => value % 2 === 1)
      .statefulMap(
        'sum',
        () => 0,
        (state, value) => {
          const sum = state + value
          return [sum, sum]
        },
      )
      .sink('stdout', toConsole())
  },
})
