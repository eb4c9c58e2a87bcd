/** Stream processing can be easy! */
import { defineJob, fromIterable, toConsole } from 'malstrom'

export default defineJob({
  name: 'look-ma-im-streaming',
  module: import.meta.url,
  build(flow) {
    flow
      .source('words', fromIterable(['Look', "ma'", "I'm", 'streaming']))
      .map('upper', (word) => word.toUpperCase())
      .sink('stdout', toConsole())
  },
})
