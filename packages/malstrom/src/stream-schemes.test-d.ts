import { kafkaSchemes } from '@malstrom/connector-kafka'
import { redisSchemes } from '@malstrom/connector-redis'
import { expectTypeOf } from 'vitest'
import {
  defineJob,
  fileSchemes,
  fromIterable,
  type StreamMessage,
  type StreamSchemes,
  sinkFromUrl,
  sourceFromUrl,
  streamSchemes,
} from './index.ts'

// What the connectors offer fits what a URL needs, although they know nothing of each other.
const schemes: StreamSchemes = { ...fileSchemes, ...kafkaSchemes, ...redisSchemes }
expectTypeOf(streamSchemes).returns.resolves.toEqualTypeOf<StreamSchemes>()

defineJob({
  name: 'types',
  module: import.meta.url,
  build(flow, { from, to }: { from: string; to: string }) {
    const messages = flow.source('from', sourceFromUrl(from, { follow: true, start: 'end' }, schemes))
    messages.inspect('look', (message) => expectTypeOf(message).toEqualTypeOf<StreamMessage>())
    messages.sink('to', sinkFromUrl(to, { delivery: 'exactly-once' }, schemes))
    // What is new needs a stream and a payload only, with a key or without.
    const fresh = flow.source('texts', fromIterable(['a'])).map('message', (payload) => ({ key: 'texts', payload }))
    fresh.keyLocal('by-payload', ({ payload }) => payload).sink('keyed', sinkFromUrl(to))

    // @ts-expect-error: a text is no message
    flow.source('numbers', fromIterable(['a'])).sink('no-message', sinkFromUrl(to))
    // @ts-expect-error: a payload is a text or bytes
    fresh.map('number', ({ key }) => ({ key, payload: 1 })).sink('no-payload', sinkFromUrl(to))
    // @ts-expect-error: a URL is a text
    sourceFromUrl(new URL(from))
    // @ts-expect-error: it is read from its beginning, its end or a time
    sourceFromUrl(from, { start: 'latest' })
    // @ts-expect-error: there is no such delivery
    sinkFromUrl(to, { delivery: 'at-most-once' })
  },
})
