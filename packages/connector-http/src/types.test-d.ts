import type { Sink, Source } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { expectTypeOf, it } from 'vitest'
import { eventStreamSink, type HttpPosition, httpSource, webhookSink, webSocketSink } from './index.ts'

interface Payment {
  readonly account: string
  readonly amount: number
}

it('a source has the type that decode gives', () => {
  const source = httpSource({ port: 0, decode: (value) => value as Payment })
  expectTypeOf(source).toEqualTypeOf<Source<Payment, number, string, HttpPosition>>()
  httpSource({
    port: 0,
    decode(value, request) {
      expectTypeOf(value).toBeUnknown()
      expectTypeOf(request.query).toEqualTypeOf<URLSearchParams>()
      return request.timestamp
    },
  })
  // @ts-expect-error without decode a record has no type
  httpSource({ port: 0 })
  // @ts-expect-error a misspelt option
  httpSource({ port: 0, decode: String, bodyBytes: 7 })
  httpSource({ port: 0, decode: String, tls: { key: 'pem', cert: 'pem' }, limits: { connectionsMax: 5 } })
  // @ts-expect-error times have a unit in their names
  httpSource({ port: 0, decode: String, limits: { requestTimeout: 5 } })
})

it('the functions of a sink know the records of its stream', () => {
  defineJob({
    name: 'types',
    module: import.meta.url,
    build(flow) {
      const payments = flow
        .source('payments', httpSource({ port: 0, decode: (value) => value as Payment }))
        .keyLocal('by-account', ({ account }) => account)
      payments.sink(
        'hook',
        webhookSink({
          url: 'https://hooks.example.com',
          encode(value, key, timestamp) {
            expectTypeOf(value).toEqualTypeOf<Payment>()
            expectTypeOf(key).toEqualTypeOf<string>()
            expectTypeOf(timestamp).toEqualTypeOf<number>()
            return value.amount
          },
          onRejected: ({ values }) => expectTypeOf(values).toEqualTypeOf<readonly Payment[]>(),
        }),
      )
      payments.sink('live', eventStreamSink({ port: 0, encode: (value, key) => `${key}: ${value.amount}` }))
      payments.sink('sockets', webSocketSink({ port: 0 }))
      // @ts-expect-error the text of an event is text
      payments.sink('wrong', eventStreamSink({ port: 0, encode: (value) => value.amount }))
      // @ts-expect-error payments have no such field
      payments.sink('missing', webhookSink({ url: 'https://hooks.example.com', encode: (value) => value.total }))
    },
  })
  expectTypeOf(webhookSink<Payment>({ url: 'https://hooks.example.com' })).toExtend<Sink<Payment, unknown, unknown, number, unknown>>()
  // @ts-expect-error no such policy
  webhookSink({ url: 'https://hooks.example.com', onRejected: 'drop' })
})
