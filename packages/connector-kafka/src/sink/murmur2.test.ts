import { expect, it } from 'vitest'
import { murmur2, partitionOfKey } from './murmur2.ts'

// Printed by org.apache.kafka.common.utils.Utils of kafka-clients 3.9.1: the hash, and toPositive(hash) % 12.
const GOLDEN: readonly (readonly [key: string, hash: number, partition: number])[] = [
  ['', 275646681, 9],
  ['a', -1563381124, 4],
  ['ab', 316155434, 2],
  ['abc', 479470107, 3],
  ['21', -973932308, 0],
  ['foobar', -790332482, 6],
  ['a-little-bit-long-string', -985981536, 8],
  ['größe 😀', 183285341, 5],
  ['0', 971027396, 8],
  ['1', -1993445489, 3],
  ['2', 648968168, 8],
  ['3', -1148165505, 11],
  ['key-12345678', -17148984, 8],
]

it.each(GOLDEN)('the key "%s" goes where Kafka’s Java client sends it', (key, hash, partition) => {
  expect(murmur2(Buffer.from(key))).toBe(hash)
  expect(partitionOfKey(Buffer.from(key), 12)).toBe(partition)
})
