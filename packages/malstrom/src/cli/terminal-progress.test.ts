import { expect, it } from 'vitest'
import { TerminalProgress, type TerminalStream } from './terminal-progress.ts'

const ERASE = '\r\u001b[2K'

/** Standard output and standard error, as one terminal would receive them. */
function terminal(isTTY: boolean) {
  const received: string[] = []
  const stream = (): TerminalStream => ({
    isTTY,
    columns: 80,
    write: (text) => {
      received.push(text)
      return true
    },
  })
  return { received, output: stream(), errors: stream() }
}

it('the line of progress is erased before the job prints', () => {
  const { received, output, errors } = terminal(true)
  const progress = new TerminalProgress(errors, output, undefined)
  progress.write(`${ERASE}1 records`)
  output.write('a\n')
  output.write('b\n')
  expect(received).toEqual([`${ERASE}1 records`, ERASE, 'a\n', 'b\n'])
})

it('progress never replaces a line that the job has not ended', () => {
  const { received, output, errors } = terminal(true)
  const progress = new TerminalProgress(errors, output, undefined)
  output.write('half a ')
  progress.write(`${ERASE}1 records`)
  output.write('line\n')
  progress.write(`${ERASE}2 records`)
  expect(received).toEqual(['half a ', 'line\n', `${ERASE}2 records`])
})

it('the output is as before when the job has ended', () => {
  const { output, errors } = terminal(true)
  const { write } = output
  new TerminalProgress(errors, output, undefined).stop()
  expect(output.write).toBe(write)
})

it.each([
  ['a stream that is no terminal', false, undefined],
  ['a terminal with NO_COLOR', true, '1'],
])('%s is told to be no terminal, so that it gets no escape codes', (_name, isTTY, noColor) => {
  const { output, errors } = terminal(isTTY)
  expect(new TerminalProgress(errors, output, noColor).isTTY).toBe(false)
})
