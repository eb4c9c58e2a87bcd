import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { TemporaryFolder } from './fixture/temporary-folder.ts'

const KILLS_MIN = 3
/** There are more kills while there is time. */
const KILLING_MS = 25_000
const DEADLINE_MS = 90_000
const job = fileURLToPath(new URL('./fixture/log-copy-job.ts', import.meta.url))

it(
  'a job that is killed again and again while its log is rotated copies every line once, in order',
  async () => {
    using folder = new TemporaryFolder()
    const [from = '', to = '', state = ''] = ['from', 'to', 'state'].map((name) => folder.file(name))
    mkdirSync(from)
    mkdirSync(to)
    const log = join(from, 'app.log')
    let lines = 0
    let rotations = 0
    const copied = () =>
      !existsSync(to)
        ? []
        : readdirSync(to)
            .filter((name) => !name.startsWith('.'))
            .sort()
            .flatMap((name) => readFileSync(join(to, name), 'utf8').split('\n').slice(0, -1))
    const writeSome = () => {
      const count = 1 + (lines % 97)
      appendFileSync(log, Array.from({ length: count }, (_, i) => `${lines + i} ${'x'.repeat((lines + i) % 50)}\n`).join(''))
      lines += count
      // Before the job has begun nobody knows what a rotated file was.
      if (lines % 11 !== 0 || copied().length === 0) return
      renameSync(log, `${log}.${++rotations}`)
      writeFileSync(log, '')
    }
    const start = () =>
      spawn(process.execPath, ['--conditions=@malstrom/source', '--import', 'tsx', job, from, to, state], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
    const end = async (child: ChildProcess) => {
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    }
    writeSome()
    const before = Date.now()
    let kills = 0
    for (; ; kills++) {
      const isLast = kills >= KILLS_MIN && Date.now() - before > KILLING_MS
      const child = start()
      try {
        const copiedBefore = copied().length
        // A start that is killed before it has done anything shows nothing.
        while (copied().length === copiedBefore || (!isLast && Math.random() < 0.9)) {
          expect(child.exitCode, 'the job ended by itself').toBe(null)
          expect(Date.now() - before, `milliseconds, with ${copied().length} of ${lines} lines after ${kills} kills`).toBeLessThan(
            DEADLINE_MS,
          )
          writeSome()
          await pause(20)
        }
        if (isLast) {
          while (copied().length < lines) {
            expect(Date.now() - before, `milliseconds, with ${copied().length} of ${lines} lines`).toBeLessThan(DEADLINE_MS)
            await pause(50)
          }
          break
        }
      } finally {
        await end(child)
      }
    }
    expect(rotations).toBeGreaterThan(3)
    const numbers = copied().map((line) => Number(line.split(' ')[0]))
    expect(numbers).toEqual(numbers.map((_, i) => i))
    expect(numbers.length).toBe(lines)
    process.stdout.write(`${lines} lines, ${rotations} rotations, ${kills} kills\n`)
  },
  DEADLINE_MS + 30_000,
)
