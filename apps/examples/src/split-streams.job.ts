/** `split` sends each record to the branches that its function names: to one, to several, or to none. */
import { defineJob, fromIterable, toConsole } from 'malstrom'

const numbers = [...Array(101).keys()] // 0 to 100

export default defineJob({
  name: 'split-streams',
  module: import.meta.url,
  build(flow) {
    const { even, all } = flow
      .source('iter-source', fromIterable(numbers))
      .split('split-even', ['even', 'all'], (value) => (value % 2 === 0 ? ['even', 'all'] : 'all'))

    even.sink('even-sink', toConsole())
    all.sink('all-sink', toConsole())
  },
})
