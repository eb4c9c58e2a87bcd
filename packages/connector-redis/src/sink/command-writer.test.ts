import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { type Fault, memoryConnector } from '../fixture/memory-port.ts'
import { MemoryRedis } from '../fixture/memory-redis.ts'
import { CommandWriter } from './command-writer.ts'

// Slow machines take longer.
vi.setConfig({ testTimeout: 60_000 })

const ROOM = 1_000_000

async function writerTo(redis: MemoryRedis, fault: () => Fault = () => undefined, bufferBytesMax = ROOM): Promise<CommandWriter> {
  const port = await memoryConnector(redis, fault).connect()
  return new CommandWriter({ port, bufferBytesMax, commandsOf: (records) => records.map((record) => ['xadd', 'out', '*', ...record]) })
}

const valuesIn = (redis: MemoryRedis) => redis.streams.get('out')?.entries.map(([, fields]) => Number(fields[1])) ?? []

it('writes in order, also what comes while it writes, and without being asked to', async () => {
  const redis = new MemoryRedis()
  const writer = await writerTo(redis)
  const count = 2_000
  for (let i = 0; i < count; i++) {
    writer.push(['n', String(i)])
    if (i % 700 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const deadline = Date.now() + 10_000
  while (valuesIn(redis).length < count && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve))
  expect(valuesIn(redis)).toEqual(Array.from({ length: count }, (_, i) => i))
  await writer.flush()
  expect(valuesIn(redis)).toHaveLength(count)
})

it('loses nothing over connections that break, and what is last of each is in order', async () => {
  const faults = fc.array(fc.constantFrom<Fault>('lost before', 'lost after', undefined), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(faults, fc.integer({ min: 1, max: 1_200 }), async (faults, count) => {
      const redis = new MemoryRedis()
      const coming = [...faults]
      const writer = await writerTo(redis, () => coming.shift())
      for (let i = 0; i < count; i++) writer.push(['n', String(i)])
      await writer.flush()
      const last = new Map(valuesIn(redis).map((value, at) => [value, at]))
      expect([...last.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
      const places = Array.from({ length: count }, (_, i) => last.get(i) ?? -1)
      expect(places).toEqual([...places].sort((a, b) => a - b))
    }),
    { numRuns: 30, interruptAfterTimeLimit: 5_000 },
  )
})

it('is saturated while as much waits as may, and no longer after a flush', async () => {
  const writer = await writerTo(new MemoryRedis(), undefined, 1_000)
  expect(writer.saturated).toBe(false)
  writer.push(['n', 'x'.repeat(1_000)])
  expect(writer.saturated).toBe(true)
  await writer.flush()
  expect(writer.saturated).toBe(false)
})

it('keeps what was refused, and writes nothing more', async () => {
  const redis = new MemoryRedis()
  redis.execute(['xadd', 'out', `${2n ** 64n - 1n}-1`, 'n', '0'])
  const writer = await writerTo(redis)
  writer.push(['n', '1'])
  await expect(writer.flush()).rejects.toThrow('equal or smaller')
  expect(() => writer.push(['n', '2'])).toThrow('equal or smaller')
  await expect(writer.flush()).rejects.toThrow('equal or smaller')
})

it('drops what waits when it is stopped', async () => {
  const redis = new MemoryRedis()
  const writer = await writerTo(redis)
  writer.push(['n', '1'])
  writer.stop()
  await new Promise((resolve) => setImmediate(resolve))
  await writer.flush()
  expect(valuesIn(redis)).toEqual([])
})
