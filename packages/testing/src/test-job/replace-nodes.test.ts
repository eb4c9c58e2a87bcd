import { fingerprintOf, type GraphNode, type SourceNode } from '@malstrom/core'
import { defineJob, forEach, fromIterable } from '@malstrom/operators'
import { describe, expect, it } from 'vitest'
import { errorOf, realSink, realSource, sums } from '../fixtures/sums-job.ts'
import { replaceNodes } from './replace-nodes.ts'
import { testJob } from './test-job.ts'
import { testSink } from './test-sink.ts'
import { testSource } from './test-source.ts'

describe('replacements', () => {
  const [numbers, out] = [testSource<number>(), testSink()]
  const refused = async (replacements: object) => {
    const error = await errorOf(testJob(sums, { params: {}, ...replacements } as never))
    expect(error.code).toBe('ERR_TEST_REPLACEMENT')
    return error.message
  }

  it.each([
    [
      'a name that the job does not have',
      { sources: { number: numbers } },
      /no source "number".*Did you mean numbers\? Its sources are "numbers"\./,
    ],
    [
      'a sink that the job does not have',
      { sinks: { sum: out, sms: out } },
      /"sum" of job "sums" is an operator \(fold\) and no sink\. Did you mean sums\?/,
    ],
    ['a sink as a source', { sources: { sums: numbers } }, /"sums" of job "sums" is a sink and no source/],
    ['a name twice', { sources: { numbers }, sinks: { numbers: out } }, /"numbers".*replaced twice/],
    ['real ones that must be none', { sources: { numbers }, unreplaced: 'refuse' }, /real sink "sums"/],
  ])('refuse %s', async (_what, replacements, message) => {
    expect(await refused(replacements)).toMatch(message)
  })

  it('refuse one double for two names, and one that another test has used', async () => {
    const job = defineJob({
      name: 'two',
      module: import.meta.url,
      build(flow) {
        flow.source('a', realSource).sink('x', realSink)
        flow.source('b', realSource).sink('y', realSink)
      },
    })
    const sinks = { x: testSink(), y: testSink() }
    expect((await errorOf(testJob(job, { sources: { a: numbers, b: numbers }, sinks }))).message).toMatch(
      /The same double replaces "a" and "b"/,
    )
    const sources = { a: testSource<number>(), b: testSource<number>() }
    const test = await testJob(job, { sources, sinks })
    sources.a.push(1, 1)
    await test.settle()
    expect((await errorOf(testJob(job, { sources, sinks }))).message).toMatch(/"x" was used by another test/)
  })

  it('refuse options that do not exist', async () => {
    expect(await errorOf(testJob(sums, { params: {}, source: {} } as never))).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT' })
  })

  it('leave what is not named real', async () => {
    const read: number[] = []
    const job = defineJob({
      name: 'real',
      module: import.meta.url,
      build: (flow) =>
        void flow.source('in', fromIterable([1, 2, 3])).sink(
          'out',
          forEach((n) => void read.push(n)),
        ),
    })
    await using test = await testJob(job, { tasks: 'interpreted' })
    await test.finish()
    expect(read).toEqual([1, 2, 3])
  })

  it('leave the graph as it is', () => {
    const graph = sums.graph({})
    const source = { ...realSource }
    const replaced = replaceNodes(graph, { source: (node) => ({ ...node, source }), sink: (node) => node })
    expect(fingerprintOf(replaced.name, replaced.nodes)).toBe(graph.fingerprint)
    expect(replaced.nodes.map(({ name, kind }) => [name, kind])).toEqual(graph.nodes.map(({ name, kind }) => [name, kind]))
    // Whoever walks from a sink to its source arrives at what has replaced it.
    let node: GraphNode = replaced.nodes.find(({ role }) => role === 'sink') as GraphNode
    while (node.inputs[0] !== undefined) node = node.inputs[0].node
    expect((node as SourceNode).source).toBe(source)
  })
})
