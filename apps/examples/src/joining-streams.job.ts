/** `union` joins streams. Each keeps its order; how they interleave is not specified. */
import { defineJob, fromIterable, toConsole } from 'malstrom'

const numbers = [...Array(101).keys()] // 0 to 100

export default defineJob({
  name: 'joining-streams',
  module: import.meta.url,
  build(flow) {
    const someNumbers = flow.source('iter-source', fromIterable(numbers))
    const moreNumbers = flow.source('other-iter-source', fromIterable(numbers))

    someNumbers.union(moreNumbers).sink('stdout', toConsole())
  },
})
