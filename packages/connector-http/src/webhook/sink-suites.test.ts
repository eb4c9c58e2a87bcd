import { sinkSuite } from '@malstrom/testing'
import { Receiver } from '../fixture/receiver.ts'
import { webhookSinkOver } from './webhook-sink.ts'

const records = Array.from({ length: 24 }, (_, n) => ({ value: { n }, key: `key-${n % 5}`, timestamp: n }))

sinkSuite('webhookSink', {
  setup: () => Receiver.start(),
  teardown: (receiver) => receiver[Symbol.asyncDispose](),
  create: (receiver) =>
    webhookSinkOver<{ n: number }, string, number>(
      { url: receiver.url, lanes: 3, encode: (value, key) => ({ ...value, key }), bufferBytesMax: 300 },
      { clockMs: () => 0, random: () => 0 },
    ),
  records,
  runs: 12,
  // A receiver that drops what comes again with the key it knows.
  read(receiver, lane) {
    const { partitionOf } = webhookSinkOver<unknown, string, number>({ url: receiver.url, lanes: 3 }, { clockMs: () => 0, random: () => 0 })
    const bodies = new Map(receiver.taken.map(({ key, body }) => [key, body as { n: number; key: string }]))
    return [...bodies.values()].filter(({ key }) => partitionOf?.(undefined, key, 0) === lane).map(({ n }) => ({ n }))
  },
})
