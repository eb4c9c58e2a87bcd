import { expect, it } from 'vitest'
import { FakeBroker } from '../fixture/fake-broker.ts'
import { openKafka } from './kafka-connection.ts'

const ORDERS = [{ partition: 0, leader: 1 }]

it('an answer that was cut off does not spoil the ones over the next connection', async () => {
  await using broker = await FakeBroker.start()
  const port = openKafka({ brokers: `127.0.0.1:${broker.port}` })
  expect(await port.partitions('orders')).toEqual(ORDERS)
  broker.behaviours.push('cut', 'cut')
  expect(await port.partitions('orders')).toEqual(ORDERS)
  expect(await port.partitions('orders')).toEqual(ORDERS)
  expect(broker.behaviours).toEqual([])
  await port.close()
})

it('a broker that does not answer is asked again over another connection', async () => {
  await using broker = await FakeBroker.start()
  const port = openKafka({ brokers: `127.0.0.1:${broker.port}`, requestTimeoutMs: 500 })
  expect(await port.partitions('orders')).toEqual(ORDERS)
  const before = broker.connections
  broker.behaviours.push('silence')
  expect(await port.partitions('orders')).toEqual(ORDERS)
  expect(broker.connections).toBeGreaterThan(before)
  await port.close()
})

it('offsets are asked of the next leader when the one before is down', async () => {
  await using broker = await FakeBroker.start()
  const port = openKafka({ brokers: `127.0.0.1:${broker.port}`, requestTimeoutMs: 5_000 })
  {
    await using before = await FakeBroker.start()
    Object.assign(before, { end: 7 })
    Object.assign(broker, { other: before, leader: 2, end: 8 })
    expect(await port.offsets('orders', [0], 'latest')).toEqual(new Map([[0, 7]]))
  }
  broker.leader = 1
  broker.other = undefined
  expect(await port.offsets('orders', [0], 'latest')).toEqual(new Map([[0, 8]]))
  await port.close()
})

it('one broker of the list that can be reached is enough', async () => {
  await using broker = await FakeBroker.start()
  const port = openKafka({ brokers: ['127.0.0.1:1', '127.0.0.1:2', `127.0.0.1:${broker.port}`] })
  expect(await port.partitions('orders')).toEqual(ORDERS)
  await port.close()
})

it('a closed port ends its connections, and a second close does nothing', async () => {
  await using broker = await FakeBroker.start()
  const port = openKafka({ brokers: `127.0.0.1:${broker.port}` })
  await port.partitions('orders')
  broker.behaviours.push('silence')
  const refused = expect(port.partitions('orders')).rejects.toMatchObject({ code: 'ERR_KAFKA' })
  await expect.poll(() => broker.behaviours.length).toBe(0)
  await port.close()
  await refused
  await port.close()
  await expect(port.partitions('orders')).rejects.toMatchObject({ code: 'ERR_KAFKA' })
})

it('a port that is closed while it connects does not wait for the time-out', async () => {
  await using broker = await FakeBroker.start()
  const port = openKafka({ brokers: `127.0.0.1:${broker.port}`, connectionTimeoutMs: 60_000 })
  await port.partitions('orders')
  const wanted = [{ topic: 'orders', partition: 0, offset: 0, maxBytes: 1_000 }]
  // Over the second connection, which is not there yet.
  const refused = expect(port.fetch(1, wanted, { maxWaitMs: 1, maxBytes: 1_000, isolation: 'committed' })).rejects.toMatchObject({
    code: 'ERR_KAFKA',
  })
  await new Promise(setImmediate)
  await port.close()
  await refused
})
