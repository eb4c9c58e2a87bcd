/** `keyDistribute` brings every record to the worker that owns its key: here even and odd numbers, on two threads. */
import { defineJob, fromIterable } from 'malstrom'

const numbers = [...Array(101).keys()] // 0 to 100

export const workers = 2

export default defineJob({
  name: 'keyed-streams',
  module: import.meta.url, // every worker imports this file
  build(flow) {
    flow
      .source('iter-source', fromIterable(numbers))
      .keyDistribute('key-by-parity', (value) => value % 2 === 0)
      .inspect('print', (value, key, timestamp, { workerId }) => console.log({ key, value, timestamp }, `@ Worker ${workerId}`))
      .discard('end')
  },
})
