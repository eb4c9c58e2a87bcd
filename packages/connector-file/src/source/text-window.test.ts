import { expect, it } from 'vitest'
import { lineFormat } from './line-parser.ts'
import { TEXT_BLOCK_BYTES, TextWindow } from './text-window.ts'

const windowOf = (maxLineBytes = 100_000) => new TextWindow(lineFormat('test', { maxLineBytes }), { path: 'in', context: {} }, 0)

/** Takes all text there is, as a parser that finds every record complete. */
function take(window: TextWindow): string {
  window.at = window.text.length
  let text = ''
  while (window.advance(1)) {
    text += window.text
    window.at = window.text.length
  }
  return text
}

it('gives what ends with a line end, and the rest when nothing follows', () => {
  const window = windowOf()
  window.append(Buffer.from('a\nb'))
  expect(take(window)).toBe('a\n')
  expect(window.last).toBe(false)
  window.append(Buffer.from('c\nd'))
  expect(take(window)).toBe('bc\n')
  window.complete()
  expect(take(window)).toBe('d')
  expect(window.last).toBe(true)
  expect(window.offset).toBe(6)
})

it('gives text in blocks, so that a string that is kept keeps little', () => {
  const window = windowOf()
  window.append(Buffer.from('0123456789abcde\n'.repeat(10_000)))
  while (window.advance(1)) {
    expect(window.text.length).toBeLessThanOrEqual(TEXT_BLOCK_BYTES)
    window.at = window.text.length
  }
  expect(window.offset).toBe(160_000)
})

it('gives a larger block when the record goes on after the block', () => {
  const window = windowOf()
  window.append(Buffer.from('0123456789abcde\n'.repeat(1000)))
  const sizes: number[] = []
  while (window.advance(1)) sizes.push(window.text.length)
  expect(sizes.slice(0, 4)).toEqual([2048, 4096, 8192, 16_000])
})

it('finds the end of a long line as soon as it comes, wherever its bytes have been moved to', () => {
  const window = windowOf()
  let expected = ''
  for (const lengthBefore of [1, 3000, 1, 20_000]) {
    const line = `${'x'.repeat(lengthBefore)}\n`
    window.append(Buffer.from(`${line}${'y'.repeat(5000)}`))
    expected += line
    expect(take(window)).toBe(expected)
    window.append(Buffer.from(`\n${'z'.repeat(30_000)}`))
    expect(take(window)).toBe(`${'y'.repeat(5000)}\n`)
    expected = 'z'.repeat(30_000)
  }
})

it('holds no more than the largest record, a block and a chunk', () => {
  const window = windowOf(1000)
  for (let i = 0; i < 10_000; i++) {
    window.append(Buffer.from(`${'x'.repeat(999)}\n${'y'.repeat(500)}`))
    take(window)
    window.append(Buffer.from('\n'))
    take(window)
  }
  expect(window.offset).toBe(10_000 * 1501)
  expect(window.capacityBytes).toBeLessThan(20_000)
})
