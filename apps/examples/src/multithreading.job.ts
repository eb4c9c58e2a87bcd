/** Four threads share the work: each runs the whole job on the keys it owns. */
import { defineJob, fromIterable } from 'malstrom'

const numbers = [...Array(101).keys()] // 0 to 100

export const workers = 4

export default defineJob({
  name: 'multithreading',
  module: import.meta.url,
  build(flow) {
    flow
      .source('iter-source', fromIterable(numbers))
      .keyDistribute('key-by-value', (value) => value)
      .map('double', (value) => value * 2)
      .inspect('print', (value, key, timestamp, { workerId }) => console.log({ key, value, timestamp }, `@ Worker ${workerId}`))
      .discard('end')
  },
})
