import { expect, it } from 'vitest'
import { READ_BYTES, ReadSize } from './read-size.ts'

const entries = (count: number, bytes: number) => Array.from({ length: count }, () => ['1-0', ['', 'x'.repeat(bytes)]] as const)

it('as many entries are asked for as fit, and as may be asked for', () => {
  const size = new ReadSize(1_000)
  expect(size.records).toBeLessThan(100)
  size.read(entries(64, 256))
  expect(size.records).toBe(1_000)
  size.read([])
  expect(size.records).toBe(1_000)
  size.read(entries(10, READ_BYTES / 100))
  expect(size.records).toBeGreaterThan(95)
  expect(size.records).toBeLessThan(101)
  size.read(entries(1, 2 * READ_BYTES))
  expect(size.records).toBe(1)
  size.read([['1-0', null]])
  expect(size.records).toBe(1_000)
  expect(new ReadSize(3).records).toBe(3)
})
