import type { Key, Sink, Source } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { describe, expectTypeOf, it } from 'vitest'
import type { ScriptedSource } from '../doubles/scripted-source.ts'
import { testJob } from './test-job.ts'
import { type TestSink, testSink } from './test-sink.ts'
import { testSource } from './test-source.ts'

interface Order {
  readonly amount: number
}

describe('doubles', () => {
  it('have the types of what they replace', () => {
    const orders = {} as Source<Order, Date, number, { offset: bigint }>
    const totals = {} as Sink<number, string, Date, Key, undefined>
    expectTypeOf(testSource({ like: orders })).toEqualTypeOf<ScriptedSource<Order, Date>>()
    expectTypeOf(testSink({ like: totals })).toEqualTypeOf<TestSink<number, string, Date>>()
  })

  it('have the types that the test says', () => {
    expectTypeOf(testSource<Order>()).toEqualTypeOf<ScriptedSource<Order, number>>()
    expectTypeOf(testSink<number, string>().records[0]?.key).toEqualTypeOf<string | undefined>()
    // @ts-expect-error An order has an amount.
    testSource<Order>().push({}, 1)
    // @ts-expect-error Its timestamps are numbers.
    testSource<Order>().push({ amount: 1 }, new Date())
  })
})

describe('testJob', () => {
  it('wants the params of a job, if it has any', () => {
    const without = defineJob({ name: 'a', module: '', build: () => {} })
    const withParams = defineJob<{ limit: number }>({ name: 'b', module: '', build: () => {} })
    void (() => testJob(without))
    void (() => testJob(withParams, { params: { limit: 1 } }))
    // @ts-expect-error Where are its params?
    void (() => testJob(withParams))
    // @ts-expect-error The limit is a number.
    void (() => testJob(withParams, { params: { limit: '1' } }))
  })
})
