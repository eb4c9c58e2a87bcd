/** `ttlMap` keeps a map for each key, whose entries expire by event time: a running total that is forgotten when unused. */
import { defineJob, type ExpireMap, fromIterable, limitOutOfOrderness, toConsole } from 'malstrom'

const numbers = [...Array(100).keys()] // 0 to 99

/** How far event time advances before a total that no record has renewed goes away. */
const TOTAL_LIFETIME = 15

export default defineJob({
  name: 'ttl-map-example',
  module: import.meta.url,
  build(flow) {
    const { onTime } = flow
      .source('source', fromIterable(numbers))
      .keyLocal('key-local', (value) => value % 2 === 1)
      .assignTimestamps('assigner', (_value, _key, timestamp) => timestamp)
      .generateEpochs('generate', limitOutOfOrderness(0))

    onTime
      .ttlMap('running-total', (totals: ExpireMap<string, number, number>, value, _key, timestamp) => {
        const total = (totals.get('total') ?? 0) + value
        // Each key has a record every 2 time units and so renews its total long before that expires.
        totals.set('total', total, timestamp + TOTAL_LIFETIME)
        return [total, totals]
      })
      .sink('stdout', toConsole())
  },
})
