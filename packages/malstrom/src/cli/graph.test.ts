import { defineJob, discard, fromIterable, limitOutOfOrderness } from '@malstrom/operators'
import { expect, it } from 'vitest'
import { graphJson } from './graph-json.ts'
import { graphMermaid } from './graph-mermaid.ts'
import { graphText } from './graph-text.ts'

const graph = defineJob({
  name: 'sizes',
  module: import.meta.url,
  build(flow) {
    const { onTime } = flow.source('events', fromIterable([1, 2, 3]), { epochs: limitOutOfOrderness(2) })
    const { small, large } = flow.source('numbers', fromIterable([1, 2, 3])).split('size', ['small', 'large'], () => 'small')
    const sums = small
      .union(onTime)
      .keyDistribute('by-number', (n) => n)
      .fold(
        'sum',
        () => 0,
        (s, n) => s + n,
      )
    sums.sink('sums', discard())
    sums.inspect('look', () => {}).discard('1. <b>"looked"</b>')
    const [first, second] = large.cloned('twice', 2)
    first.discard('none')
    second.union(first).discard('both')
  },
}).graph()

it('the text of a graph has a tree per source, with fan-outs as branches and unions after their last input', () => {
  expect(graphText(graph).replace(/ {2}graph\.test\.ts:\d+$/gm, '  <place>')).toBe(`job "sizes", fingerprint ${graph.fingerprint}

source "events" (epochs per partition)  <place>
├─ onTime: into "by-number", below
└─ late: nobody reads it

source "numbers"  <place>
split "size"  <place>
├─ small: keyDistribute "by-number" (union of "size" small, "events" onTime; exchange by key)  <place>
│  fold "sum" (state per key)  <place>
│  ├─ sink "sums"  <place>
│  └─ inspect "look"  <place>
│     sink "1. <b>\\"looked\\"</b>"  <place>
└─ large: cloned "twice"  <place>
   ├─ 0: sink "none"  <place>
   ├─ 0: into "both", below
   └─ 1: sink "both" (union of "twice" 1, "twice" 0)  <place>
`)
})

it('the Mermaid text of a graph escapes what Mermaid, Markdown or HTML would read', () => {
  expect(graphMermaid(graph)).toBe(`flowchart LR
  n0(["source<br/>events<br/>epochs per partition"])
  n1(["source<br/>numbers"])
  n2["split<br/>size"]
  n3["keyDistribute<br/>by-number<br/>exchange by key"]
  n4["fold<br/>sum<br/>state per key"]
  n5[("sink<br/>sums")]
  n6["inspect<br/>look"]
  n7[("sink<br/>1#46; #60;b#62;#34;looked#34;#60;#47;b#62;")]
  n8["cloned<br/>twice"]
  n9[("sink<br/>none")]
  n10[("sink<br/>both")]
  n1 --> n2
  n2 -->|"small"| n3
  n0 -->|"onTime"| n3
  n3 ==> n4
  n4 --> n5
  n4 --> n6
  n6 --> n7
  n2 -->|"large"| n8
  n8 -->|"0"| n9
  n8 -->|"1"| n10
  n8 -->|"0"| n10
`)
})

it('the JSON of a graph has its nodes, its edges by node id, and its fingerprint', () => {
  const { name, fingerprint, nodes, edges } = JSON.parse(graphJson(graph))
  expect({ name, fingerprint, nodes: nodes.length }).toEqual({ name: 'sizes', fingerprint: graph.fingerprint, nodes: graph.nodes.length })
  const sum = nodes.find((node: { name: string }) => node.name === 'sum')
  expect(sum).toMatchObject({ role: 'operator', kind: 'fold', keyed: true, stateful: true, exchange: false, outputs: ['out'] })
  const inputs = edges.filter(({ to }: { to: number }) => to === sum.id)
  const byNumber = nodes.find((node: { name: string }) => node.name === 'by-number')
  expect(inputs).toEqual([{ from: byNumber.id, output: 'out', to: sum.id }])
})
