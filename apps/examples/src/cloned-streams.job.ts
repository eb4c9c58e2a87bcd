/** `cloned` makes several streams of one; each has every record. */
import { defineJob, fromIterable, toConsole } from 'malstrom'

const numbers = [...Array(101).keys()] // 0 to 100

export default defineJob({
  name: 'cloned-streams',
  module: import.meta.url,
  build(flow) {
    const [first, second] = flow.source('iter-source', fromIterable(numbers)).cloned('clone', 2)

    first.sink('first-stdout', toConsole())
    second.sink('second-stdout', toConsole())
  },
})
