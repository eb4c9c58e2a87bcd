import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeCommands } from './encode-commands.ts'
import type { RedisArgument, RedisCommand } from './redis-port.ts'

function naive(command: RedisCommand): Buffer {
  const parts = command.map((argument) => Buffer.from(argument as string))
  const framed = parts.map((part) => Buffer.concat([Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]))
  return Buffer.concat([Buffer.from(`*${command.length}\r\n`), ...framed])
}

const argument = fc.oneof<fc.Arbitrary<RedisArgument>[]>(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  // Lone halves of surrogate pairs are written as U+FFFD, as everywhere.
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 120 }).map((units) => String.fromCharCode(...units)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 4_090, max: 4_100 }).map((length) => Buffer.alloc(length, length)),
)

it('commands become the bytes of the protocol, whatever their arguments hold', () => {
  const command = fc.tuple(fc.constantFrom('xadd', 'eval'), fc.array(argument, { maxLength: 20 }))
  fc.assert(
    fc.property(fc.array(command, { maxLength: 5 }), (all) => {
      const commands = all.map(([name, args]): RedisCommand => [name, ...args])
      expect(Buffer.concat(encodeCommands(commands)).equals(Buffer.concat(commands.map(naive)))).toBe(true)
    }),
  )
})

it('long arguments have long lengths', () => {
  const command: RedisCommand = ['xadd', 'x'.repeat(123_456), 'ö'.repeat(70_000), Buffer.alloc(1_000_001), '']
  const pieces = encodeCommands([command, command])
  expect(Buffer.concat(pieces).equals(Buffer.concat([naive(command), naive(command)]))).toBe(true)
  expect(pieces).toContain(command[3])
})
