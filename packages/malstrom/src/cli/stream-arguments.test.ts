import { describe, expect, it } from 'vitest'
import { parseCommandLine } from './command-line.ts'

describe('relay and tail', () => {
  it('relay takes where from and where to', () => {
    const args = ['relay', '--from', 'stdio:///', '--to=file://./a.ss/', '--follow', '--name', 'copy', '-q']
    const state = { url: undefined, snapshotIntervalMs: undefined, allowDropped: [], allowMixedKeys: [] }
    const expected = { command: 'relay', from: 'stdio:///', to: 'file://./a.ss/', follow: true, delivery: undefined, name: 'copy' }
    expect(parseCommandLine(args)).toEqual({ ...expected, quiet: true, workers: undefined, state })
    expect(parseCommandLine([...args, '--workers', '4'])).toMatchObject({ workers: 4 })
    const exactly = parseCommandLine([...args, '--delivery', 'exactly-once', '--state', 'memory:', '--snapshot-interval', '5s'])
    expect(exactly).toMatchObject({ delivery: 'exactly-once', state: { url: 'memory:', snapshotIntervalMs: 5_000 } })
  })

  it.each([
    ['earliest', 'beginning'],
    ['latest', 'end'],
    ['1767323045000', { timestamp: 1767323045000 }],
    ['2026-01-02', { timestamp: Date.UTC(2026, 0, 2) }],
    ['2026-01-02T03:04:05', { timestamp: Date.UTC(2026, 0, 2, 3, 4, 5) }],
    ['2026-01-02T03:04:05.5Z', { timestamp: Date.UTC(2026, 0, 2, 3, 4, 5, 500) }],
    ['2026-01-02T03:04:05+01:00', { timestamp: Date.UTC(2026, 0, 2, 2, 4, 5) }],
  ])('tail begins at %s', (text, from) => {
    const expected = { command: 'tail', url: 'redis://a/x', from, limit: 10, follow: false, json: true }
    expect(parseCommandLine(['tail', 'redis://a/x', '--from', text, '--limit', '10', '--json'])).toEqual(expected)
  })

  it.each([
    [['relay', '--from', 'stdio:///'], /malstrom relay needs where from and where to: .* See malstrom relay --help\.$/],
    [['relay', 'stdio:///', '--from', 'a', '--to', 'b'], /needs where from and where to/],
    [['relay', '--from', 'a', '--to', 'b', '--delivery', 'exacly-once'], /not "exacly-once"\. Did you mean exactly-once\?/],
    [['relay', '--from', 'a', '--to', 'b', '--delivery', 'exactly-once'], /needs a place where .*: --state file:\.\/state/],
    [['relay', '--from', 'a', '--to', 'b', '--json'], /malstrom relay has no option --json/],
    [['relay', '--from'], /--from needs a value/],
    [['tail'], /malstrom tail needs the URL of one stream/],
    [['tail', 'a', 'b'], /malstrom tail needs the URL of one stream/],
    [['tail', 'a', '--limit', '0'], /--limit is how many messages are printed, a whole number above 0, not "0"/],
    [['tail', 'a', '--from', 'erliest'], /not "erliest"\. Did you mean earliest\?/],
    [['tail', 'a', '--from', '2026-13-45'], /a time such as 2026-01-02T03:04:05Z/],
  ])('%j is refused', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(
      expect.objectContaining({ code: 'ERR_CLI_USAGE', message: expect.stringMatching(message) }),
    )
  })
})
