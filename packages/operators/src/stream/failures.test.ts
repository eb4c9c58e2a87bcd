import type { MalstromError } from '@malstrom/core'
import { bigintTime, dateTime } from '@malstrom/core'
import { type Emit, type Flow, fromIterable, type KeyedStream, type Stream } from '@malstrom/operators'
import { type Collect, errorOf, inBothForms, ScriptedSink, ScriptedSource } from '@malstrom/testing'
import { describe, expect } from 'vitest'

type Numbers = KeyedStream<string, number, number>

/** What an operator does with `fail` in it: the key is `k1`, the timestamp 2. */
const failing: readonly [string, (stream: Numbers, fail: () => never) => unknown][] = [
  ['map', (s, fail) => s.map('op', fail)],
  ['filter', (s, fail) => s.filter('op', fail)],
  ['filterMap', (s, fail) => s.filterMap('op', fail)],
  ['flatMap', (s, fail) => s.flatMap('op', fail)],
  [
    'flatMap after the first element',
    (s, fail) =>
      s.flatMap('op', function* () {
        yield 1
        fail()
      }),
  ],
  ['flatMapEmit', (s, fail) => s.flatMapEmit('op', fail)],
  [
    'flatMapEmit after the first element',
    (s, fail) =>
      s.flatMapEmit('op', (n, emit: Emit<number>) => {
        emit(n)
        fail()
      }),
  ],
  ['inspect', (s, fail) => s.inspect('op', fail)],
  ['keyLocal', (s, fail) => s.keyLocal('op', fail)],
  ['keyDistribute', (s, fail) => s.keyDistribute('op', fail)],
  ['statefulMap', (s, fail) => s.statefulMap('op', () => 0, fail)],
  ['the init of statefulMap', (s, fail) => s.statefulMap('op', fail, () => [1, 1])],
  ['fold', (s, fail) => s.fold('op', () => 0, fail)],
  ['ttlMap', (s, fail) => s.ttlMap('op', fail)],
  ['statefulOp', (s, fail) => s.statefulOp('op', { init: () => 0, onData: fail })],
  ['the init of statefulOp', (s, fail) => s.statefulOp('op', { init: fail, onData: () => undefined })],
  ['statelessOp', (s, fail) => s.statelessOp('op', fail)],
  ['assignTimestamps', (s, fail) => s.assignTimestamps('op', fail).generateEpochs('epochs', () => undefined).onTime],
  ['generateEpochs', (s, fail) => s.generateEpochs('op', fail).onTime],
  ['split', (s, fail) => s.split('op', ['a'], fail).a],
  ['the sink', (s, fail) => s.sink('op', Object.assign(new ScriptedSink(), { partitionOf: fail }))],
]

/** Runs `stream` on records of which the third one is to fail. */
async function fail(collect: Collect, thrown: unknown, build: (stream: Numbers, fail: () => never) => unknown): Promise<MalstromError> {
  let current = -1
  const throwIt = () => {
    if (current < 2) return 1 as never
    throw thrown
  }
  return errorOf(
    collect((flow) => {
      const stream = flow
        .source('n', fromIterable([0, 1, 2, 3]))
        .keyLocal('by parity', () => 'k1')
        .filter('only the third', (n) => n === 2)
        .inspect('count', (n) => {
          current = n
        })
      const out = build(stream, throwIt)
      if (out !== undefined) (out as Stream<unknown, unknown>).discard('end')
    }),
  )
}

describe('a function that throws', () => {
  for (const [name, build] of failing) {
    inBothForms(`in ${name} fails the job; the error names operator, key and timestamp`, async (collect) => {
      const cause = new Error('no such account')
      const error = await fail(collect, cause, build)
      expect(error).toMatchObject({
        code: name === 'the sink' ? 'ERR_SINK_FAILED' : 'ERR_OPERATOR_FAILED',
        cause,
        context: { job: 'test', operator: 'op', key: 'k1', timestamp: 2 },
      })
      expect(error.message).toMatch(/"op" \(failures\.test\.ts:\d+\) failed at key "k1", timestamp 2: no such account$/)
    })
  }

  inBothForms('in reduce is named too, which is not asked for the first value', async (collect) => {
    const error = await errorOf(
      collect((flow) =>
        flow
          .source('n', fromIterable([1, 2]))
          .keyLocal('key', () => 'k')
          .reduce('op', () => {
            throw new Error('no')
          })
          .discard('end'),
      ),
    )
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'op', key: 'k', timestamp: 1 } })
  })

  inBothForms('may throw anything', async (collect) => {
    for (const [thrown, text] of [
      ['a string', 'a string'],
      [undefined, 'undefined'],
      [null, 'null'],
      [Object.create(null), 'something that has no text'],
    ]) {
      const error = await fail(collect, thrown, (stream, throwIt) => stream.map('op', throwIt))
      expect(error.code).toBe('ERR_OPERATOR_FAILED')
      expect(error.message).toMatch(new RegExp(`timestamp 2: ${text}$`))
    }
  })

  const atEpochs: readonly [
    string,
    (stream: Numbers, fail: () => never) => Stream<unknown, number> | KeyedStream<string, unknown, number>,
  ][] = [
    ['inspectFrontier', (s, fail) => s.inspectFrontier('op', fail)],
    ['the onEpoch of statelessOp', (s, fail) => s.statelessOp('op', { onData() {}, onEpoch: fail })],
    ['the onEpoch of statefulOp', (s, fail) => s.statefulOp('op', { init: () => 0, onData: () => 0, onEpoch: fail })],
  ]
  for (const [name, build] of atEpochs) {
    inBothForms(`in ${name} fails the job; the error names operator and epoch`, async (collect) => {
      const error = await errorOf(
        collect((flow) =>
          build(
            flow
              .source('n', fromIterable([7, 8]))
              .keyLocal('key', () => 'k')
              .generateEpochs('epochs', (_n, timestamp) => timestamp)
              .onTime.inspectFrontier('pass', () => {}),
            () => {
              throw new Error('no epoch')
            },
          ).discard('end'),
        ),
      )
      expect(error).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'op', timestamp: 0 } })
      expect(error.message).toMatch(/"op" \(failures\.test\.ts:\d+\) failed at timestamp 0: no epoch$/)
      expect(error.context.key).toBeUndefined()
    })
  }

  inBothForms(
    'is named where it stands behind an operator that emits by itself, behind a union, and at the end of the stream',
    async (collect) => {
      const no = () => {
        throw new Error('no')
      }
      const builds: ((flow: Flow) => void)[] = [
        (flow) =>
          flow
            .source('n', fromIterable([1]))
            .process('pass', (n, output: { emit(n: number, key: undefined, t: number): void }, key, t) => output.emit(n, key, t + 5))
            .map('op', no)
            .discard('end'),
        (flow) => {
          const n = flow.source('n', fromIterable([1]))
          n.union(n).map('op', no).discard('end')
        },
        (flow) =>
          flow
            .source('n', fromIterable([1]))
            .process('pass', {
              onData() {},
              onEpoch: (_epoch, output: { emit(n: number, key: undefined, t: number): void }) => output.emit(1, undefined, 5),
            })
            .map('op', no)
            .discard('end'),
      ]
      const timestamps = []
      for (const build of builds) {
        const error = await errorOf(collect(build))
        expect(error.context.operator).toBe('op')
        timestamps.push(error.context.timestamp)
      }
      expect(timestamps).toEqual([5, 0, 5])
    },
  )

  inBothForms('leaves everything closed, once', async (collect) => {
    const [source, sink] = [new ScriptedSource<number>(['a', 'b']), new ScriptedSink()]
    source.partition('a').give([1, 1], [2, 2])
    const error = await errorOf(
      collect((flow) => {
        const numbers = flow.source('n', source)
        numbers.sink('sink', sink)
        numbers
          .map('op', (n) => {
            if (n === 2) throw new Error('no')
          })
          .discard('end')
      }),
    )
    expect(error.context.operator).toBe('op')
    expect(source.partitions.map(({ closes }) => closes)).toEqual([1, 1])
    expect([sink.count('open'), sink.count('close'), sink.count('commit')]).toEqual([1, 1, 0])
  })
})

describe('a key', () => {
  const noKeys: readonly [string, unknown, RegExp][] = [
    ['an object', { n: 1 }, /An object \(Object\) is not a key/],
    ['a date', new Date(0), /An object \(Date\)/],
    ['undefined', undefined, /undefined is not a key/],
    ['null', null, /null is not a key/],
    ['NaN', Number.NaN, /NaN is not a key/],
    ['a function', () => {}, /A function is not a key/],
    ['a symbol', Symbol('s'), /A symbol is not a key/],
    ['a nested tuple', ['a', ['b']], /A tuple with a tuple is not a key/],
    ['a tuple with a hole', Array(2), /A tuple with undefined is not a key/],
    ['a tuple with NaN', ['a', Number.NaN], /A tuple with NaN is not a key/],
  ]
  for (const [name, key, message] of noKeys) {
    inBothForms(`is not ${name}`, async (collect) => {
      for (const method of ['keyLocal', 'keyDistribute'] as const) {
        const error = await errorOf(
          collect((flow) =>
            flow
              .source('n', fromIterable([1]))
              [method]('op', () => key as string)
              .discard('end'),
          ),
        )
        expect(error).toMatchObject({ code: 'ERR_KEY_INVALID', context: { operator: 'op', timestamp: 0 } })
        expect(error.message).toMatch(message)
        expect(error.message).toMatch(/"op" \(failures\.test\.ts:\d+\) failed at timestamp 0/)
      }
    })
  }
})

describe('a timestamp', () => {
  for (const [name, timestamp] of [
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['an invalid date', new Date(Number.NaN)],
    ['a string', '5'],
  ] as const) {
    inBothForms(`that assignTimestamps makes is not ${name}`, async (collect) => {
      const error = await errorOf(
        collect((flow) =>
          flow
            .source('n', fromIterable([1]))
            .assignTimestamps('op', () => timestamp as number)
            .generateEpochs('epochs', () => undefined)
            .onTime.discard('end'),
        ),
      )
      expect(error).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'op', timestamp: 0 } })
      expect(error.message).toMatch(/"op" .*assigned the timestamp .*Check the field it is read from/)
    })
  }

  inBothForms('of another algebra is checked by it', async (collect) => {
    const run = (
      assign: (stream: Stream<number, number>) => {
        generateEpochs(name: string, generator: () => undefined): { onTime: { discard(name: string): void } }
      },
    ) =>
      errorOf(
        collect((flow) =>
          assign(flow.source('n', fromIterable([1])))
            .generateEpochs('epochs', () => undefined)
            .onTime.discard('end'),
        ),
      )
    expect((await run((s) => s.assignTimestamps('op', () => new Date(Number.NaN), dateTime))).code).toBe('ERR_TIMESTAMP_INVALID')
    expect((await run((s) => s.assignTimestamps('op', () => '2001-01-01' as never, dateTime))).code).toBe('ERR_TIMESTAMP_INVALID')
    expect((await run((s) => s.assignTimestamps('op', () => 1 as never, bigintTime))).code).toBe('ERR_TIMESTAMP_INVALID')
  })
})
