import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoKafka } from './kafka-jars.ts'
import { KafkaServer } from './kafka-server.ts'

const missing = await whyNoKafka()

describe.skipIf(missing !== undefined)(`a real Kafka ${missing ?? ''}`, () => {
  let kafka: KafkaServer

  beforeAll(async () => {
    kafka = await KafkaServer.start()
  }, 120_000)
  afterAll(() => kafka?.[Symbol.asyncDispose]())

  it('holds what was sent, also after it was killed and started again; only what was committed is read', async () => {
    await kafka.createTopic('orders', 2)
    const producer = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).producer({
      transactionalId: 'services',
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    for (const value of ['kept', 'taken back']) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'orders', messages: [{ partition: 1, key: 'a', value, headers: { h: '1' }, timestamp: '1000' }] })
      await (value === 'kept' ? transaction.commit() : transaction.abort())
    }
    await producer.disconnect()
    await kafka.stop('SIGKILL')
    await kafka.restart()
    expect(await kafka.consume('orders')).toEqual([{ partition: 1, offset: 0, timestamp: 1000, headers: 'h:1', key: 'a', value: 'kept' }])
    expect((await kafka.consume('orders', { isolation: 'read_uncommitted' })).map(({ value }) => value)).toEqual(['kept', 'taken back'])
  })
})
