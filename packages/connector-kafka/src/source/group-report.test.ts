import { expect, it } from 'vitest'
import type { TopicOffset } from '../client/kafka-port.ts'
import { GroupReport } from './group-report.ts'

const offset = (at: number): TopicOffset => ({ topic: 'orders', partition: 0, offset: at })

it('sends the last offset of each partition before it is closed', async () => {
  const sent: (readonly TopicOffset[])[] = []
  const report = new GroupReport({ commitGroup: async (_group, offsets) => void sent.push(offsets) }, 'readers')
  report.commit(offset(1))
  report.commit(offset(2))
  await report.close()
  expect(sent).toEqual([[offset(2)]])
})

it('warns of what Kafka refuses, once for each reason', async () => {
  const warnings: string[] = []
  const refuse = async () => Promise.reject(new Error('Kafka says no.'))
  const report = new GroupReport({ commitGroup: refuse }, 'readers', (text) => warnings.push(text))
  for (const at of [1, 2]) {
    report.commit(offset(at))
    await report.close()
  }
  expect(warnings).toEqual(['Kafka says no. The job goes on; only its lag is not shown.'])
})

it('does not wait for ever when it is closed, and says what is not stored', async () => {
  const warnings: string[] = []
  const report = new GroupReport({ commitGroup: () => new Promise(() => {}) }, 'readers', (text) => warnings.push(text), 20)
  report.commit(offset(1))
  await report.close()
  expect(warnings).toEqual([
    'Kafka: the last offsets of group "readers" were not stored within 20 ms. Nothing depends on them but its lag.',
  ])
})
