import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CACHE } from '../cache.ts'

/** The first release whose conditional writes have one winner. */
const VERSION = '1.8.0'
const PROGRAM = join(CACHE, `versitygw-${VERSION}`)

/** Time for Go to fetch and compile it, in milliseconds: about two minutes on two slow cores, and longer beside other work. */
const BUILD_MS = 900_000
const PROBE_MS = 20_000
const LOOK_MS = 500
/** The process that builds it at the moment. */
const LOCK = `${PROGRAM}.pid`

const run = promisify(execFile)

/** The path of the program; built from the Go module proxy by the first call, and kept. */
export async function gatewayProgram(): Promise<string> {
  if (!existsSync(PROGRAM)) await build()
  return PROGRAM
}

/**
 * Why no gateway can be started here, which is also printed, so that nobody takes skipped tests for passed ones; `undefined` if
 * one can. Builds it if it is missing, except in CI: `.ci/run` compiles it beside the other lanes, and waits for nobody.
 */
export async function whyNoS3Gateway(): Promise<string | undefined> {
  const reason = await obstacle()
  if (reason !== undefined) process.stderr.write(`Tests against a real S3 server are skipped: ${reason}.\n`)
  return reason
}

async function obstacle(): Promise<string | undefined> {
  if (process.platform === 'win32') return 'the Versity S3 Gateway keeps its objects in the attributes of files, which Windows has not'
  if (existsSync(PROGRAM)) return undefined
  if (process.env.CI === 'true') return 'the Versity S3 Gateway is not compiled yet, which takes minutes; without CI=true they wait for it'
  try {
    await run('go', ['version'], { timeout: PROBE_MS })
  } catch {
    return 'there is no go on the path to build the Versity S3 Gateway with'
  }
  try {
    await build()
    return undefined
  } catch (thrown) {
    const told = thrown instanceof Error && 'stderr' in thrown ? `${thrown.stderr}` : `${thrown}`
    return `the Versity S3 Gateway ${VERSION} could not be built: ${told.trim().split('\n').at(-1) ?? ''}`
  }
}

/** Builds it, or waits while another process does: to compile it twice at once takes twice as long. */
async function build(): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  for (let waitedMs = 0; waitedMs < BUILD_MS && !existsSync(PROGRAM); waitedMs += LOOK_MS) {
    if (await isMine()) {
      try {
        return await compile()
      } finally {
        await rm(LOCK, { force: true })
      }
    }
    await sleep(LOOK_MS)
  }
  if (!existsSync(PROGRAM)) throw new Error(`another process has been building it for too long; if there is none, remove ${LOCK}`)
}

/** Whether it falls to this process: nobody builds it, or who did has died. */
async function isMine(): Promise<boolean> {
  try {
    await writeFile(LOCK, `${process.pid}`, { flag: 'wx' })
    return true
  } catch {
    const pid = Number(await readFile(LOCK, 'utf8').catch(() => ''))
    if (pid !== 0 && !isAlive(pid)) await rm(LOCK, { force: true })
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Compiles in a folder of its own and renames the result, so that nobody sees half of a program. */
async function compile(): Promise<void> {
  const folder = await mkdtemp(join(CACHE, 'building-'))
  try {
    // Without C and the symbols of a debugger: quicker. With the Go that is there, or none.
    const environment = { ...process.env, GOBIN: folder, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' }
    const args = ['install', '-ldflags=-s -w', `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`]
    await run('go', args, { cwd: folder, env: environment, timeout: BUILD_MS, killSignal: 'SIGKILL' })
    await rename(join(folder, 'versitygw'), PROGRAM)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
