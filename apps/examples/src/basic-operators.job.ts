/** Operators are chained: each takes a name and a function, and returns a new stream. */
import { defineJob, fromIterable } from 'malstrom'

const numbers = [...Array(101).keys()] // 0 to 100

export default defineJob({
  name: 'basic-operators',
  module: import.meta.url,
  build(flow) {
    flow
      .source('iter-source', fromIterable(numbers)) // this is an operator
      .map('double', (value) => value * 2)
      .inspect('print', (value) => console.log(value)) // and this, too
      .discard('end')
  },
})
