import { describe, expect, it } from 'vitest'
import { fingerprintOf, type GraphNode, type OperatorNode, type Port, type SourceNode } from './graph.ts'
import { hashString } from './hash.ts'
import { numberTime } from './timestamp.ts'

const location = 'job.ts:1'

function source(name: string, changes: Partial<SourceNode> = {}): SourceNode {
  const nothing = { time: numberTime, listPartitions: () => [], openPartition: () => Promise.reject(new Error('not run')) }
  return {
    ...{
      role: 'source',
      id: hashString(name),
      name,
      kind: 'source',
      location,
      inputs: [],
      source: nothing,
      epochs: undefined,
      keyed: false,
    },
    outputTime: numberTime,
    outputNames: ['out'],
    ...changes,
  }
}

function operator(name: string, inputs: readonly Port[], changes: Partial<OperatorNode> = {}): OperatorNode {
  return {
    ...{ role: 'operator', id: hashString(name), name, kind: 'map', location, inputs, keyed: false, state: undefined, exchange: undefined },
    inputTime: numberTime,
    outputTime: numberTime,
    outputNames: ['out'],
    open: () => ({ record: () => '', interpret: () => ({ data() {}, epoch() {} }) }),
    ...changes,
  }
}

const from = (node: SourceNode | OperatorNode, output = 0): Port => ({ node, output })

/** a -> b, a -> c, with one thing changed. */
function fork(changes: { job?: string; source?: Partial<SourceNode>; b?: Partial<OperatorNode>; c?: Partial<OperatorNode> } = {}): string {
  const a = source('a', changes.source)
  const b = operator('b', [from(a)], changes.b)
  const c = operator('c', [from(a)], changes.c)
  return fingerprintOf(changes.job ?? 'job', [a, b, c])
}

describe('the fingerprint of a graph', () => {
  it('is golden', () => {
    expect(fork()).toMatch(/^[0-9a-f]{16}$/)
    expect(fork()).toBe('143e89c4c217c85c')
  })

  it('is the same for a graph that was built again', () => {
    expect(fork()).toBe(fork())
  })

  it.each<[string, Parameters<typeof fork>[0]]>([
    ['locations', { b: { location: 'elsewhere.ts:7' }, source: { location: undefined } }],
    ['functions', { b: { open: () => ({ record: () => 'other()', interpret: (output) => output as never }) } }],
    [
      'the source that is read',
      {
        source: {
          source: {
            time: numberTime,
            listPartitions: () => ['p'],
            openPartition: () => {
              throw new Error('not run')
            },
          },
        },
      },
    ],
  ])('does not change with %s', (_, changes) => {
    expect(fork(changes)).toBe(fork())
  })

  it.each<[string, Parameters<typeof fork>[0]]>([
    ['the name of the job', { job: 'other' }],
    ['the name of an operator', { b: { name: 'other' } }],
    ['the name of a source', { source: { name: 'other' } }],
    ['the kind of an operator', { b: { kind: 'filter' } }],
    ['a reader moving to another output', { c: { inputs: [from(source('a'), 1)] } }],
    ['a reader moving to another operator', { c: { inputs: [from(operator('b', []))] } }],
    ['one more input', { c: { inputs: [from(source('a')), from(operator('b', []))] } }],
  ])('changes with %s', (_, changes) => {
    expect(fork(changes)).not.toBe(fork())
  })

  it('changes with the order of operators and of the inputs of a union', () => {
    const a = source('a')
    const b = source('b')
    expect(fingerprintOf('job', [a, b])).not.toBe(fingerprintOf('job', [b, a]))
    const union = (...inputs: Port[]) => fingerprintOf('job', [a, b, operator('u', inputs)])
    expect(union(from(a), from(b))).not.toBe(union(from(b), from(a)))
  })

  it('is not fooled by names that look like wiring', () => {
    const [a, b, both] = [source('a'), source('b'), source('a.0+b')]
    const reads = (...inputs: Port[]): GraphNode[] => [operator('u', inputs)]
    expect(fingerprintOf('job', reads(from(a), from(b)))).not.toBe(fingerprintOf('job', reads(from(both))))
    expect(fingerprintOf('job\n', [])).not.toBe(fingerprintOf('job', []))
  })
})
