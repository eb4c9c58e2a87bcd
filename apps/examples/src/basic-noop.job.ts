/** The smallest job: a source that ends at once. It prints nothing and terminates. */
import { defineJob, fromIterable } from 'malstrom'

export default defineJob({
  name: 'basic-noop',
  module: import.meta.url,
  build(flow) {
    flow.source('nothing', fromIterable([])).discard('end')
  },
})
