import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { AlertReceiver } from './alert-receiver.ts'

const BEGIN = Date.UTC(2026, 0, 2, 3, 0)
const MINUTES = 10
const LINES_A_MINUTE = 60
const THRESHOLD = 5
const PATIENCE_MS = 60_000
/** Two of them write files, the third one is read from standard input. */
const SERVICES = ['payments', 'search', 'login']

/** Which minutes are bad, and for whom: these get 8 errors, others up to 2. */
function isBad(minute: number, service: number): boolean {
  return (minute * 3 + service) % 7 === 0
}

/** Writes logs, watches them with a process of its own, and shows what its webhook is told; answers the exit status. */
export async function runDemo(main: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'malstrom-log-alerts-'))
  mkdirSync(join(folder, 'logs'))
  await using receiver = await AlertReceiver.start({ busyAnswers: 3 })
  for (const service of SERVICES.slice(0, 2)) appendFileSync(join(folder, 'logs', `${service}.log`), '')
  const options = ['--folder', join(folder, 'logs'), '--webhook', receiver.url, '--state', join(folder, 'state')]
  // The logs of the demo are waited for, however slow this machine is.
  const args = [...options, '--threshold', String(THRESHOLD), '--idle-after', '600000']
  const watcher = spawn(process.execPath, [...process.execArgv, fileURLToPath(main), ...args], { stdio: ['pipe', 'inherit', 'inherit'] })
  try {
    const expected = new Set<string>()
    for (let minute = 0; minute < MINUTES; minute++) {
      for (const [index, service] of SERVICES.entries()) {
        const isMany = isBad(minute, index)
        const text = linesOf(service, minute, isMany ? 8 : (minute + index) % 3)
        if (index < 2) appendFileSync(join(folder, 'logs', `${service}.log`), text)
        else watcher.stdin?.write(text)
        if (isMany) expected.add(`${service} ${minuteText(minute)}`)
      }
      await sleep(50)
    }
    for (let waitedMs = 0; receiver.alerts.size < expected.size && waitedMs < PATIENCE_MS && isRunning(watcher); waitedMs += 50)
      await sleep(50)
    return report(receiver, expected)
  } finally {
    await end(watcher)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A minute of a log: half of the lines are up to 30 s later than they should be, and some are no lines of a log. */
function linesOf(service: string, minute: number, errors: number): string {
  const lines = Array.from({ length: LINES_A_MINUTE }, (_, i) => {
    const at = BEGIN + minute * 60_000 + ((i * 30_000 + i * 1_000) % 60_000)
    const isError = i % 7 === 0 && i / 7 < errors
    return `${new Date(at).toISOString()} ${isError ? 'ERROR' : 'INFO'} ${service}: request ${minute * LINES_A_MINUTE + i}\n${isError ? '    at handle (server.ts:1)\n' : ''}`
  })
  return lines.join('')
}

function minuteText(minute: number): string {
  return new Date(BEGIN + minute * 60_000).toISOString().replace(':00.000Z', 'Z')
}

function isRunning(process: ChildProcess): boolean {
  return process.exitCode === null && process.signalCode === null
}

async function end(process: ChildProcess): Promise<void> {
  if (!isRunning(process)) return
  const exit = once(process, 'exit')
  process.kill('SIGTERM')
  const isLate = sleep(10_000, undefined, { ref: false }).then(() => process.kill('SIGKILL'))
  await Promise.race([exit, isLate])
}

function report({ alerts, refused }: AlertReceiver, expected: ReadonlySet<string>): number {
  const wrong = [...expected].filter((minute) => !alerts.has(minute)).map((minute) => `${minute} is missing`)
  for (const minute of alerts.keys()) if (!expected.has(minute)) wrong.push(`${minute} is too much`)
  console.log(`${refused} requests were answered 503 and came again.`)
  const all = `${MINUTES * LINES_A_MINUTE * SERVICES.length} lines, ${alerts.size} alerts`
  console.log(wrong.length === 0 ? `${all}: all of them right.` : `${all}. WRONG: ${wrong.join(', ')}`)
  return wrong.length === 0 ? 0 : 1
}
