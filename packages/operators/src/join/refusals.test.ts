import { bigintTime, type MalstromError, rendezvousSelect, type TimestampAlgebra } from '@malstrom/core'
import { defineJob, type Flow, fromIterable, type KeyedStream, session, tumbling } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { errorOf } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

type Numbers = KeyedStream<number, number, number>

function errorIn(build: (flow: Flow) => void): MalstromError {
  try {
    defineJob({ name: 'refused', module: import.meta.url, build: (flow) => build(flow) }).graph()
  } catch (error) {
    return error as MalstromError
  }
  throw new Error('It was not refused.')
}

const keyed = (flow: Flow, name: string): Numbers => flow.source(name, fromIterable([1])).keyDistribute(`${name} keys`, (n) => n)

/** The error of a join, whose arguments may be what no type allows. */
function joinError(join: (left: Numbers, right: Numbers) => { discard(name: string): void }): MalstromError {
  return errorIn((flow) => join(keyed(flow, 'left'), keyed(flow, 'right')).discard('end'))
}

describe('a join refuses, when the flow is built,', () => {
  it('bounds between which nothing can be', () => {
    expect(joinError((l, r) => l.intervalJoin('j', r, { lower: 5, upper: -5 }, () => 1)).message).toMatch(
      /Operator "j" .*no record is between the lower bound 5 and the upper bound -5\./,
    )
    const exclusive = joinError((l, r) => l.intervalJoin('j', r, { lower: 5, upper: 5, lowerInclusive: false }, () => 1))
    expect(exclusive.message).toContain('of which one is exclusive')
    expect(exclusive.code).toBe('ERR_OPERATOR_ARGUMENT')
  })

  it('bounds that are no distances', () => {
    for (const lower of [Number.NaN, Number.NEGATIVE_INFINITY, 0.5, '5', undefined, { hour: 1 }]) {
      const error = joinError((l, r) => l.intervalJoin('j', r, { lower: lower as number, upper: 9 }, () => 1))
      expect([lower, error.code]).toEqual([lower, 'ERR_OPERATOR_ARGUMENT'])
    }
    expect(joinError((l, r) => l.join('j', r, { ttl: -1 }, () => 1)).message).toContain('ttl must not be below 0, and is -1.')
  })

  it('state without a bound that nobody has asked for', () => {
    const none = joinError((l, r) => l.join('j', r, {} as never, () => 1))
    expect(none.message).toContain('say how long state is kept')
    const both = joinError((l, r) => l.tableJoin('j', r, { ttl: 1, unbounded: true } as never, () => 1))
    expect(both.message).toContain('not both')
    const byFunction = joinError((l, r) => l.intervalJoin('j', r, { lower: (_l: number, t: number) => t, upper: 0 } as never, () => 1))
    expect(byFunction.message).toContain('Add keepRight')
    const needless = joinError((l, r) => l.intervalJoin('j', r, { lower: 0, upper: 0, unbounded: true } as never, () => 1))
    expect(needless.message).toContain('belong to a lower bound that is a function')
  })

  it('types and options that do not exist, and functions and windows that are none', () => {
    expect(joinError((l, r) => l.join('j', r, { ttl: 1, type: 'full' as 'left' }, () => 1)).message).toContain(
      `one of 'inner', 'left', 'right', 'outer', not "full"`,
    )
    expect(joinError((l, r) => l.temporalJoin('j', r, { ttl: 1, type: 'outer' as 'left' }, () => 1)).message).toContain(
      `one of 'inner', 'left', not "outer"`,
    )
    expect(joinError((l, r) => l.intervalJoin('j', r, { lower: 0, upper: 0, inclusive: true } as never, () => 1)).message).toContain(
      'no option "inclusive"',
    )
    expect(joinError((l, r) => l.join('j', r, { ttl: 1 }, undefined as never)).code).toBe('ERR_OPERATOR_ARGUMENT')
    expect(joinError((l, r) => l.windowJoin('j', r, { window: 5 as never }, () => 1)).code).toBe('ERR_OPERATOR_ARGUMENT')
    expect(joinError((l, r) => l.coGroup('j', r, tumbling(-5), () => [1])).message).toContain('must be above 0')
    expect(joinError((l, r) => l.coGroup('j', r, session({ gap: 0 }), () => [1])).message).toContain('must be above 0')
  })

  it('streams that do not fit', () => {
    const foreign = errorIn((flow) => {
      let other: Numbers | undefined
      errorIn((another) => {
        other = keyed(another, 'other')
      })
      keyed(flow, 'left').join('j', other as Numbers, { ttl: 1 }, () => 1)
    })
    expect([foreign.code, foreign.context.operator]).toEqual(['ERR_STREAM_FOREIGN', 'j'])
    expect(foreign.message).toMatch(/^Join "j" \(refusals\.test\.ts:\d+\) was given something that is no stream of this flow/)
    const unkeyed = errorIn((flow) => {
      keyed(flow, 'left').join('j', flow.source('right', fromIterable([1])) as unknown as Numbers, { ttl: 1 }, () => 1)
    })
    expect(unkeyed.message).toContain('needs two streams with keys')
    const times = errorIn((flow) => {
      const right = flow
        .source('right', fromIterable([1]))
        .assignTimestamps('times', (n) => BigInt(n), bigintTime)
        .generateEpochs('epochs', () => undefined)
      keyed(flow, 'left').join('j', right.onTime.keyDistribute('keys', (n) => n) as unknown as Numbers, { ttl: 1 }, () => 1)
    })
    expect(times.message).toContain('the same kind of timestamps')
  })

  it('streams whose records of equal keys would not meet', () => {
    const local = errorIn((flow) => {
      const right = flow.source('right', fromIterable([1])).keyLocal('local', (n) => n)
      keyed(flow, 'left').join('j', right, { ttl: 1 }, () => 1)
    })
    expect(local.message).toContain('find their workers in the same way')
    const routed = errorIn((flow) => {
      const right = flow.source('right', fromIterable([1])).keyDistribute(
        'keys',
        (n) => n,
        (_key, workers) => workers[0] as number,
      )
      keyed(flow, 'left').join('j', right, { ttl: 1 }, () => 1)
    })
    expect(routed.message).toContain('with the same partitioner')
    const same = () =>
      errorIn((flow) => {
        const right = flow.source('right', fromIterable([1])).keyDistribute('keys', (n) => n, rendezvousSelect)
        keyed(flow, 'left')
          .join(
            'j',
            right.map('still', (n) => n),
            { ttl: 1 },
            () => 1,
          )
          .discard('end')
      })
    expect(same).toThrow('It was not refused.')
  })

  it('distances for times that have none', () => {
    const time: TimestampAlgebra<string> = {
      min: '',
      max: '~',
      compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
      merge: (a, b) => (a < b ? a : b),
    }
    const error = errorIn((flow) => {
      const { onTime } = flow
        .source('left', fromIterable([1]))
        .assignTimestamps('times', (n) => String(n), time)
        .generateEpochs('epochs', () => undefined)
      const stream = onTime.keyDistribute('keys', (n) => n)
      stream.intervalJoin('j', stream, { lower: 0 as never, upper: 0 as never, type: 'inner' } as never, () => 1)
    })
    expect(error.message).toContain('numbers, bigints or dates')
  })
})

it('a bound that is no timestamp fails the job and names the join', async () => {
  const job = defineJob({
    name: 'bound',
    module: import.meta.url,
    build(flow) {
      const stream = keyed(flow, 'numbers')
      stream.intervalJoin('j', stream, { lower: 0, upper: () => Number.NaN }, (a, b) => a + b).discard('end')
    },
  })
  await using execution = await singleThread().start(job)
  const error = await errorOf(execution.finished)
  expect([error.code, error.context.operator]).toEqual(['ERR_TIMESTAMP_INVALID', 'j'])
})
