import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { RedisArgument } from '../client/redis-port.ts'
import { memoryConnector } from '../fixture/memory-port.ts'
import { MemoryRedis } from '../fixture/memory-redis.ts'
import { addInScript } from './add-entries.ts'

const part = fc.oneof<fc.Arbitrary<RedisArgument>[]>(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ maxLength: 20 }).map((text) => Buffer.from(text)),
)
const entry = fc.array(fc.tuple(fc.constantFrom('value', 'größe', 'a'), part), { minLength: 1, maxLength: 4 }).map((pairs) => pairs.flat())
const sameNames = fc
  .tuple(
    fc.array(fc.constantFrom('value', 'größe', 'a'), { minLength: 1, maxLength: 3 }),
    fc.array(fc.array(part, { minLength: 3, maxLength: 3 })),
  )
  .map(([names, all]) => all.map((values) => names.flatMap((name, i) => [name, values[i] as RedisArgument])))

it('entries come out of the script as they went in, with the same names or with others', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.array(entry, { minLength: 1, maxLength: 20 }),
        sameNames.filter((all) => all.length > 0),
      ),
      async (all) => {
        const redis = new MemoryRedis()
        const port = await memoryConnector(redis).connect()
        for (const command of addInScript('out', all, [])) await port.call(command)
        const found = redis.streams.get('out')?.entries.map(([, fields]) => fields)
        expect(found).toEqual(all.map((parts) => parts.map((argument) => Buffer.from(argument as string).toString())))
      },
    ),
    { interruptAfterTimeLimit: 5_000 },
  )
})
