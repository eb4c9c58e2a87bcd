import { runInThisContext } from 'node:vm'
import { bigintTime, hashString, MalstromError } from '@malstrom/core'
import { defineJob, discard, type Flow, fromIterable, limitOutOfOrderness } from '@malstrom/operators'
import { describe, expect, it } from 'vitest'

const graphOf = (build: (flow: Flow) => void) => defineJob({ name: 'job', module: import.meta.url, build: (flow) => build(flow) }).graph()
const source = () => fromIterable([1, 2])
const same = <V>(value: V) => value

/** The error with which a build function is refused. */
function refusalOf(build: (flow: Flow) => void): MalstromError {
  try {
    graphOf(build)
  } catch (error) {
    if (error instanceof MalstromError) return error
    throw error
  }
  throw new Error('It was not refused.')
}

/** A build function as it stands in a file `job.ts`, its first line at line `line`. */
function inJobFile(line: number, text: string): (flow: Flow) => void {
  const build = runInThisContext(`(function (flow, source, same) {${text}})`, { filename: '/jobs/job.ts', lineOffset: line - 1 })
  return (flow) => build(flow, source, same)
}

describe('the graph of a job', () => {
  it('is what the streams say, in the order in which they are written', () => {
    const { nodes } = graphOf((flow) => {
      const { onTime, late } = flow.source('n', source()).generateEpochs('epochs', limitOutOfOrderness(1))
      onTime
        .keyDistribute('key', String)
        .fold(
          'count',
          () => 0,
          (count) => count + 1,
        )
        .union(late.keyLocal('late key', String))
        .discard('all')
    })
    expect(nodes.map(({ name, kind, role }) => [name, kind, role])).toEqual([
      ['n', 'source', 'source'],
      ['epochs', 'generateEpochs', 'operator'],
      ['key', 'keyDistribute', 'operator'],
      ['count', 'fold', 'operator'],
      ['late key', 'keyLocal', 'operator'],
      ['all', 'sink', 'sink'],
    ])
    expect(nodes.map(({ inputs }) => inputs.map(({ node, output }) => [node.name, output]))).toEqual([
      [],
      [['n', 0]],
      [['epochs', 0]],
      [['key', 0]],
      [['epochs', 1]],
      [
        ['count', 0],
        ['late key', 0],
      ],
    ])
    expect(nodes.map(({ id }) => id)).toEqual(nodes.map(({ name }) => hashString(name)))
    expect(
      nodes.filter((node) => node.role === 'operator').map(({ state, exchange }) => [state !== undefined, exchange !== undefined]),
    ).toEqual([
      [false, false],
      [false, true],
      [true, false],
      [false, false],
    ])
  })

  it('knows where the code of the job created each operator', () => {
    const { nodes } = graphOf(inJobFile(10, "\nflow.source('n', source())\n  .map('double', same)\n\n  .discard('end')"))
    expect(nodes.map(({ location }) => location)).toEqual(['job.ts:11', 'job.ts:12', 'job.ts:14'])
  })

  it('does without locations where the engine has no stack traces', () => {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    try {
      expect(graphOf((flow) => flow.source('n', source()).discard('end')).nodes[0]?.location).toBeUndefined()
    } finally {
      Error.stackTraceLimit = limit
    }
  })
})

describe('a name', () => {
  it('is used once: the error names both places', () => {
    const error = refusalOf(
      inJobFile(11, "\nconst n = flow.source('n', source()).map('sum', same)\n\n\n\n\n\n\nn.filter('sum', same).discard('end')"),
    )
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_NAME_DUPLICATE', context: { operator: 'sum' } })
    expect(error.message).toBe(
      'Operator name "sum" is used twice (job.ts:12 and job.ts:19). Names address saved state; rename one of them.',
    )
  })

  it('is shared by sources, operators and sinks alike', () => {
    for (const build of [
      (flow: Flow) => flow.source('x', source()).discard('x'),
      (flow: Flow) => flow.source('x', source()).sink('x', discard()),
      (flow: Flow) => {
        flow.source('x', source()).discard('end')
        flow.source('x', source()).discard('end 2')
      },
      (flow: Flow) => {
        flow
          .source('x', source())
          .split('y', ['a'], () => 'a')
          .a.cloned('y', 1)
      },
    ]) {
      expect(refusalOf(build).code).toBe('ERR_OPERATOR_NAME_DUPLICATE')
    }
  })

  it('is neither empty nor missing: the error says where', () => {
    for (const name of ["''", "'  '", 'undefined', '5']) {
      const error = refusalOf(inJobFile(7, `flow.source('n', source()).map(${name}, same).discard('end')`))
      expect(error.code).toBe('ERR_OPERATOR_NAME_EMPTY')
      expect(error.message).toMatch(/An operator \(job\.ts:7\) has no name\. Its first argument is a name that is unique/)
    }
    expect(refusalOf(inJobFile(7, "flow.source('', source())")).message).toContain('(job.ts:7) has no name')
    expect(refusalOf(inJobFile(7, "flow.source('n', source()).discard('')")).message).toContain('(job.ts:7) has no name')
  })

  it('that is forgotten is told from an argument that is wrong', () => {
    for (const forgotten of [
      'map(same)',
      'filter(same)',
      'keyLocal(same)',
      'statelessOp(same)',
      'inspectFrontier(same)',
      'generateEpochs(same)',
      'sink({ openPartition() {} })',
    ]) {
      expect([forgotten, refusalOf(inJobFile(3, `flow.source('n', source()).${forgotten}`)).code]).toEqual([
        forgotten,
        'ERR_OPERATOR_NAME_EMPTY',
      ])
    }
    expect(refusalOf(inJobFile(3, 'flow.source(source())')).code).toBe('ERR_OPERATOR_NAME_EMPTY')
  })

  it('has no hash that another one has', () => {
    // Found by trying: two names with the same 32-bit hash.
    const seen = new Map<number, string>()
    let pair: readonly [string, string] | undefined
    for (let n = 0; pair === undefined; n++) {
      const name = `operator ${n}`
      const other = seen.get(hashString(name))
      if (other === undefined) seen.set(hashString(name), name)
      else pair = [other, name]
    }
    const [a, b] = pair
    const error = refusalOf((flow) => flow.source(a, source()).discard(b))
    expect(error.code).toBe('ERR_OPERATOR_ID_COLLISION')
    expect(error.message).toContain(`"${a}" and "${b}"`)
  })
})

describe('a stream', () => {
  it('ends somewhere: the error says after what, where, and what to do', () => {
    const error = refusalOf(inJobFile(4, "flow.source('n', source()).map('double', same)"))
    expect(error).toMatchObject({ code: 'ERR_STREAM_ENDS_NOWHERE', context: { operator: 'double' } })
    expect(error.message).toMatch(/The stream after "double" \(job\.ts:4\) ends nowhere: nobody reads it\. End it with \.sink\(.*\.discard/)
    expect(refusalOf((flow) => flow.source('n', source())).context.operator).toBe('n')
  })

  it('ends somewhere in every branch: the error names the branch', () => {
    const build = (flow: Flow) =>
      flow
        .source('n', source())
        .split('route', ['small', 'large'], () => 'small')
        .small.discard('end')
    expect(refusalOf(build).message).toContain('after "route" (output "large")')
    expect(refusalOf((flow) => flow.source('n', source()).cloned('two', 2)[1].discard('end')).message).toContain('after "two" (output "0")')
  })

  it('of late records may end nowhere, that of the others may not', () => {
    const epochs = limitOutOfOrderness(0)
    graphOf((flow) => flow.source('n', source()).generateEpochs('epochs', epochs).onTime.discard('end'))
    graphOf((flow) => flow.source('n', source(), { epochs }).onTime.discard('end'))
    for (const build of [
      (flow: Flow) => flow.source('n', source()).generateEpochs('epochs', epochs).late.discard('end'),
      (flow: Flow) => flow.source('n', source(), { epochs }).late.discard('end'),
      (flow: Flow) => void flow.source('n', source()).assignTimestamps('times', same),
    ]) {
      expect(refusalOf(build).code).toBe('ERR_STREAM_ENDS_NOWHERE')
    }
  })

  it('that is only given to union ends nowhere', () => {
    const error = refusalOf((flow) => flow.source('a', source()).union(flow.source('b', source())))
    expect(error.code).toBe('ERR_STREAM_ENDS_NOWHERE')
  })

  it('has one source', () => {
    const error = refusalOf((flow) => {
      const stream = flow.source('first', source())
      ;(stream as unknown as Flow).source('second', source())
    })
    expect(error.code).toBe('ERR_STREAM_SECOND_SOURCE')
    expect(error.message).toMatch(/"second" would be its second.*flow\.source\(name, source\).*\.union\(other\)/)
  })

  it('is joined with streams of its own flow only', () => {
    let foreign: unknown
    graphOf((flow) => {
      const stream = flow.source('n', source())
      stream.discard('end')
      foreign = stream
    })
    for (const other of [foreign, undefined, {}, 5]) {
      const error = refusalOf((flow) =>
        flow
          .source('n', source())
          .union(other as never)
          .discard('end'),
      )
      expect(error.code).toBe('ERR_STREAM_FOREIGN')
      expect(error.message).toMatch(/graph-builder\.test\.ts:\d+/)
      expect(error.message).toMatch(/same build function/)
    }
  })

  it('is joined with streams of its own kind only', () => {
    for (const build of [
      (flow: Flow) => {
        const n = flow.source('n', source())
        n.union(n.keyLocal('key', String) as never).discard('end')
      },
      (flow: Flow) => {
        const n = flow.source('n', source())
        const big = n.assignTimestamps('big', BigInt, bigintTime).generateEpochs('epochs', () => undefined).onTime
        n.union(big as never).discard('end')
      },
    ]) {
      const error = refusalOf(build)
      expect(error.code).toBe('ERR_STREAM_FOREIGN')
      expect(error.message).toMatch(/no keys and the same kind of timestamps/)
    }
  })
})

describe('an argument that is wrong', () => {
  const wrong: readonly [string, (flow: Flow) => unknown][] = [
    ['no function', (flow) => flow.source('n', source()).map('op', undefined as never)],
    ['null instead of a function', (flow) => flow.source('n', source()).filter('op', null as never)],
    ['no source', (flow) => flow.source('op', undefined as never)],
    ['an array instead of a source', (flow) => flow.source('op', [1, 2] as never)],
    ['no sink', (flow) => flow.source('n', source()).sink('op', undefined as never)],
    ['a function instead of a sink', (flow) => flow.source('n', source()).sink('op', (() => {}) as never)],
    ['no logic', (flow) => flow.source('n', source()).process('op', undefined as never)],
    ['logic without onData', (flow) => flow.source('n', source()).process('op', {} as never)],
    [
      'stateful logic without init',
      (flow) =>
        flow
          .source('n', source())
          .keyLocal('k', same)
          .statefulOp('op', { onData() {} } as never),
    ],
    [
      'a function as stateful logic',
      (flow) =>
        flow
          .source('n', source())
          .keyLocal('k', same)
          .process('op', (() => {}) as never),
    ],
    ['no branches', (flow) => flow.source('n', source()).split('op', [], same as never)],
    ['branches twice', (flow) => flow.source('n', source()).split('op', ['a', 'a'], () => 'a')],
    ['no list of branches', (flow) => flow.source('n', source()).split('op', undefined as never, same as never)],
    ['0 clones', (flow) => flow.source('n', source()).cloned('op', 0)],
    ['half a clone', (flow) => flow.source('n', source()).cloned('op', 1.5)],
    ['no epoch generator', (flow) => flow.source('n', source()).generateEpochs('op', undefined as never)],
    ['null as an epoch generator', (flow) => flow.source('n', source()).generateEpochs('op', null as never)],
    ['an object as an epoch generator', (flow) => flow.source('n', source()).generateEpochs('op', {} as never)],
    ['no epochs', (flow) => flow.source('op', source(), {} as never)],
    ['an option that does not exist', (flow) => flow.source('op', source(), { epochs: same, idleAfterMS: 5 } as never)],
    ['idleAfterMs of 0', (flow) => flow.source('op', source(), { epochs: limitOutOfOrderness(0), idleAfterMs: 0 })],
    [
      'idleAfterMs that is no number',
      (flow) => flow.source('op', source(), { epochs: limitOutOfOrderness(0), idleAfterMs: 'soon' as never }),
    ],
    ['a time that is no algebra', (flow) => flow.source('n', source()).assignTimestamps('op', same, {} as never)],
    ['a partitioner that is no function', (flow) => flow.source('n', source()).keyDistribute('op', String, 'hash' as never)],
  ]

  it.each(wrong)('(%s) is refused when the job is built, and the operator named', (_name, build) => {
    const error = refusalOf((flow) => void build(flow))
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT', context: { operator: 'op' } })
    expect(error.message).toContain('"op"')
  })
})
