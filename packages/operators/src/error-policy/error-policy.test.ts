import { dateTime } from '@malstrom/core'
import { type DeadLetter, type Emit, type ErrorPolicy, fromIterable, type KeyedStream, limitOutOfOrderness } from '@malstrom/operators'
import { errorOf, inBothForms, ScriptedSink } from '@malstrom/testing'
import { describe, expect } from 'vitest'

type Numbers = KeyedStream<string, number, number>
// biome-ignore lint/suspicious/noExplicitAny: streams of every kind
type Any = any

/** Each operator with a function that throws for 3, as a stream of what it gives for the others. */
const operators: readonly [string, (stream: Numbers, options: Any) => Any, readonly unknown[]][] = [
  ['map', (s, o) => s.map('op', poison, o), [1, 2, 4]],
  ['filter', (s, o) => s.filter('op', (n) => poison(n) > 1, o), [2, 4]],
  ['filterMap', (s, o) => s.filterMap('op', (n) => (poison(n) === 1 ? undefined : n), o), [2, 4]],
  ['flatMap', (s, o) => s.flatMap('op', (n) => [poison(n), n], o), [1, 1, 2, 2, 4, 4]],
  [
    'flatMap after the first element',
    (s, o) =>
      s.flatMap(
        'op',
        function* (n) {
          yield n
          poison(n)
        },
        o,
      ),
    [1, 2, 4],
  ],
  ['flatMap that returns no iterable', (s, o) => s.flatMap('op', (n) => (n === 3 ? (7 as Any) : [n]), o), [1, 2, 4]],
  [
    'flatMapEmit after the first element',
    (s, o) =>
      s.flatMapEmit(
        'op',
        (n, emit: Emit<number>) => {
          emit(n)
          emit(poison(n))
        },
        o,
      ),
    [1, 1, 2, 2, 4, 4],
  ],
  ['keyLocal', (s, o) => s.keyLocal('op', poison, o), [1, 2, 4]],
  ['keyDistribute', (s, o) => s.keyDistribute('op', poison, o), [1, 2, 4]],
  ['keyLocal with a key that is none', (s, o) => s.keyLocal('op', (n) => (n === 3 ? (undefined as Any) : n), o), [1, 2, 4]],
  [
    'statefulMap',
    (s, o) =>
      s.statefulMap(
        'op',
        () => 0,
        (sum, n) => [sum, sum + poison(n)],
        o,
      ),
    [0, 1, 3],
  ],
  [
    'statefulMap that returns no pair',
    (s, o) =>
      s.statefulMap(
        'op',
        () => 0,
        (sum, n) => (n === 3 ? (3 as Any) : [n, sum]),
        o,
      ),
    [1, 2, 4],
  ],
  [
    'fold',
    (s, o) =>
      s.fold(
        'op',
        () => 0,
        (sum, n) => sum + poison(n),
        o,
      ),
    [1, 3, 7],
  ],
  ['reduce', (s, o) => s.reduce('op', (sum, n) => sum + poison(n), o), [1, 3, 7]],
  [
    'statefulOp after it has emitted',
    (s, o) =>
      s.statefulOp(
        'op',
        {
          init: () => 0,
          onData(n, sum, output, key, timestamp) {
            output.emit(sum, key, timestamp)
            return sum + poison(n)
          },
        },
        o,
      ),
    [0, 1, 3],
  ],
  [
    'statelessOp after it has emitted',
    (s, o) =>
      s.statelessOp(
        'op',
        (n: number, output: Any, key, timestamp) => {
          output.emit(n, key, timestamp)
          poison(n)
        },
        o,
      ),
    [1, 2, 4],
  ],
  ['assignTimestamps', (s, o) => s.assignTimestamps('op', poison, o), [1, 2, 4]],
  ['assignTimestamps that returns none', (s, o) => s.assignTimestamps('op', (n) => (n === 3 ? Number.NaN : n), o), [1, 2, 4]],
  ['assignTimestamps of another kind', (s, o) => s.assignTimestamps('op', (n) => new Date(poison(n)), dateTime, o), [1, 2, 4]],
]

function poison(n: number): number {
  if (n === 3) throw Object.assign(new TypeError('three is poison'), { code: 'E_THREE' })
  return n
}

/** What follows an operator: some need epochs. */
function ended(stream: Any): Any {
  return stream.map === undefined ? stream.generateEpochs('epochs', () => undefined).onTime : stream
}

function numbers(flow: Any, options?: { values?: readonly number[] }): Numbers {
  return flow.source('n', fromIterable(options?.values ?? [1, 2, 3, 4])).keyLocal('k', () => 'k1')
}

describe('an error of a function', () => {
  for (const [what, apply, values] of operators) {
    inBothForms(`drops the record and counts it, with skip: ${what}`, async (collect) => {
      const { out, status } = await collect((flow) => ({ out: ended(apply(numbers(flow), { onError: 'skip' })) }))
      expect(out.values).toEqual(values)
      expect(status).toMatchObject({ state: 'finished', skipped: 1, recordsIn: 4 })
      expect(status.operators.find(({ operator }) => operator === 'op')).toMatchObject({ skipped: 1 })
    })

    inBothForms(`becomes a dead letter: ${what}`, async (collect) => {
      const { out, dead, status } = await collect((flow) => {
        const { results, deadLetters } = apply(numbers(flow), { onError: 'deadLetter' })
        return { out: ended(results), dead: deadLetters }
      })
      expect(out.values).toEqual(values)
      expect(status.skipped).toBe(0)
      expect(dead.records).toMatchObject([{ key: 'k1', timestamp: 2 }])
      const [letter] = dead.values as [DeadLetter<number, string, number>]
      expect(letter).toMatchObject({ value: 3, key: 'k1', timestamp: 2, operator: 'op' })
      if (letter.cause.code === 'E_THREE') expect(letter.cause).toMatchObject({ name: 'TypeError', message: 'three is poison' })
      else expect(letter.cause).toMatchObject({ name: 'MalstromError', code: expect.stringMatching(/^ERR_/) })
      expect(letter.cause.stack).toContain('\n')
      // Epochs go to both outputs: each of them comes to its end.
      expect(dead.epochs.at(-1)).toBe(Number.POSITIVE_INFINITY)
    })

    inBothForms(`fails the job by default: ${what}`, async (collect) => {
      const error = await errorOf(collect((flow) => ({ out: ended(apply(numbers(flow), { onError: 'fail' })) })))
      expect(error.context).toMatchObject({ operator: 'op', key: 'k1', timestamp: 2 })
    })
  }

  inBothForms('leaves a key that was new without a state, and one that had a state as it was', async (collect) => {
    const { out, status } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([3, 1, 3, 1, 3]))
        .keyLocal('k', (n, timestamp) => (timestamp === 0 ? 'new' : String(n % 1)))
        .fold(
          'count',
          () => 10,
          (count, n) => count + poison(n),
          { onError: 'skip', version: 2 },
        ),
    }))
    expect(out.values).toEqual([11, 12])
    expect(status.operators.find(({ operator }) => operator === 'count')).toMatchObject({ keys: 1, skipped: 3 })
  })

  inBothForms('of the state of a new key is one of the record too', async (collect) => {
    const { out, dead, status } = await collect((flow) => {
      const { results, deadLetters } = flow
        .source('n', fromIterable([1, 3]))
        .keyLocal('k', (n) => n)
        .fold('count', poison, (count, n) => count + n, { onError: 'deadLetter' })
      return { out: results, dead: deadLetters }
    })
    expect([out.values, dead.records.map(({ key }) => key)]).toEqual([[2], [3]])
    expect(status.operators.find(({ operator }) => operator === 'count')).toMatchObject({ keys: 1 })
  })

  for (const onError of ['skip', 'deadLetter'] as const) {
    inBothForms(`behind an operator is not the operator's own (${onError})`, async (collect) => {
      for (const [what, apply] of operators) {
        const error = await errorOf(
          collect((flow) => {
            const stream = apply(numbers(flow, { values: [1, 3, 4] }), { onError })
            if (onError === 'deadLetter') stream.deadLetters.discard('dead')
            return {
              out: ended(onError === 'deadLetter' ? stream.results : stream).map('behind', () => {
                throw new Error('not yours')
              }),
            }
          }),
        )
        expect([what, error.context.operator, error.message]).toEqual([what, 'behind', expect.stringContaining('not yours')])
      }
    })
  }

  inBothForms('of a sink behind the operator is not its own either', async (collect) => {
    const sink = Object.assign(new ScriptedSink(), { partitionOf: () => poison(3) as Any })
    const error = await errorOf(collect((flow) => numbers(flow).process('op', counting, { onError: 'skip' }).sink('out', sink)))
    expect(error).toMatchObject({ code: 'ERR_SINK_FAILED', context: { operator: 'out' } })
  })

  inBothForms('when an epoch comes always fails the job: it is no error of a record', async (collect) => {
    const logic = { ...counting, onEpoch: () => void poison(3) }
    const error = await errorOf(collect((flow) => numbers(flow).process('op', logic, { onError: 'skip' }).discard('out')))
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'op' } })
  })

  inBothForms('is plain data, whatever was thrown', async (collect) => {
    const thrown = [null, undefined, 'text', 7, { code: 'E' }, Object.create(null), Object.assign(new Error('m'), { code: 5 })]
    const { dead } = await collect((flow) => {
      const { results, deadLetters } = flow.source('n', fromIterable(thrown)).map(
        'op',
        (what): number => {
          throw what
        },
        { onError: 'deadLetter' },
      )
      results.discard('none')
      return { dead: deadLetters.map('cause', ({ cause }) => ({ ...cause, stack: typeof cause.stack })) }
    })
    const none = { stack: 'undefined' }
    expect(dead.values).toEqual([
      { ...none, message: 'null', name: 'null' },
      { ...none, message: 'undefined', name: 'undefined' },
      { ...none, message: 'text', name: 'string' },
      { ...none, message: '7', name: 'number' },
      { ...none, message: '[object Object]', name: 'object' },
      { ...none, message: 'something that has no text', name: 'object' },
      { message: 'm', name: 'Error', stack: 'string' },
    ])
  })

  inBothForms('keeps late records, epochs and dead letters apart', async (collect) => {
    const { out, dead, status } = await collect((flow) => {
      const stamped = flow.source('n', fromIterable([5, 3, 9, 1])).assignTimestamps('op', (n) => poison(n) * 10, { onError: 'deadLetter' })
      return { out: stamped.results.generateEpochs('e', limitOutOfOrderness(5)).onTime, dead: stamped.deadLetters }
    })
    expect(out.events).toEqual([5, 'E45', 9, 'E85', 'EInfinity'])
    expect(dead.records).toMatchObject([{ timestamp: 1, value: { value: 3, key: undefined } }])
    expect(status).toMatchObject({ late: 1, skipped: 0 })
  })
})

describe('an error policy', () => {
  inBothForms('with dead letters that nobody reads is refused', async (collect) => {
    const error = await errorOf(
      collect((flow) => {
        const { results } = numbers(flow).map('op', poison, { onError: 'deadLetter' })
        results.discard('out')
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_STREAM_ENDS_NOWHERE', message: expect.stringContaining('output "deadLetters"') })
  })

  inBothForms('that does not exist is refused', async (collect) => {
    const wrong: readonly [ErrorPolicy, RegExp][] = [
      [{ onError: 'drop' } as Any, /onError is one of fail, skip, deadLetter, not drop/],
      [{ onEror: 'skip' } as Any, /map has no option "onEror"/],
      ['skip' as Any, /the options of map are an object, not skip/],
    ]
    for (const [options, message] of wrong) {
      const error = await errorOf(collect((flow) => (numbers(flow).map('op', poison, options) as Any).discard('out')))
      expect(error).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringMatching(message) })
    }
  })
})

const counting = {
  init: () => 0,
  onData(_n: number, count: number, output: { emit(value: number, key: string, timestamp: number): void }, key: string, timestamp: number) {
    output.emit(count + 1, key, timestamp)
    return count + 1
  },
}
