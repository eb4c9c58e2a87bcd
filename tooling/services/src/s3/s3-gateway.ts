import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { freePort } from '../free-port.ts'
import { guardOf } from '../guard.ts'
import { within } from '../within.ts'
import { gatewayProgram } from './gateway-program.ts'

export interface S3GatewayOptions {
  /** Made before it is there for anybody. @default ['bucket'] */
  readonly buckets?: readonly string[]
}

const START_MS = 20_000
const STOP_MS = 10_000
const PROBE_INTERVAL_MS = 10
/** Another process may take a port between finding and using it. */
const STARTS_MAX = 3
const TAIL_CHARACTERS = 2_000
const HEALTH = '/health'

/**
 * A real S3 server, the Versity S3 Gateway over a temporary folder, on a free port of 127.0.0.1. It checks signatures, and a write
 * under a condition has one winner. Like MinIO it keeps keys as paths of files: there can be no object below another one (`a`, `a/b`).
 * It ends with this process at the latest.
 */
export class S3Gateway implements AsyncDisposable {
  readonly port: number
  readonly region = 'us-east-1'
  /** Of the one user there is, who may do everything. */
  readonly credentials = { accessKeyId: 'key-of-a-test', secretAccessKey: 'secret-of-a-test' }
  readonly #program: string
  readonly #folder: string
  #child: ChildProcess | undefined
  #output = ''

  private constructor(port: number, program: string, folder: string) {
    this.port = port
    this.#program = program
    this.#folder = folder
  }

  /** Resolves when the gateway answers and has its buckets. */
  static async start({ buckets = ['bucket'] }: S3GatewayOptions = {}): Promise<S3Gateway> {
    const program = await gatewayProgram()
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(tmpdir(), 'malstrom-s3-'))
      const gateway = new S3Gateway(await freePort(), program, folder)
      try {
        await mkdir(gateway.#data)
        await mkdir(gateway.#users)
        await gateway.restart()
        for (const bucket of buckets) await gateway.#createBucket(bucket)
        return gateway
      } catch (thrown) {
        await gateway[Symbol.asyncDispose]()
        if (attempt === STARTS_MAX || !`${thrown}`.includes('address already in use')) throw thrown
      }
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Ends it: in order with `SIGTERM`, as a crash with `SIGKILL`. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    if (await within(STOP_MS, ended)) return
    child.kill('SIGKILL')
    await within(STOP_MS, ended)
  }

  /** Starts it again, on the same port and with the same objects. Resolves when it answers. */
  async restart(): Promise<void> {
    await this.stop()
    const { accessKeyId, secretAccessKey } = this.credentials
    // Only where there could be other users does it say of a key what AWS says.
    const options = ['--quiet', '--port', `127.0.0.1:${this.port}`, '--health', HEALTH, '--iam-dir', this.#users]
    const child = spawn(this.#program, [...options, 'posix', this.#data], {
      env: { ...process.env, ROOT_ACCESS_KEY_ID: accessKeyId, ROOT_SECRET_ACCESS_KEY: secretAccessKey, VGW_REGION: this.region },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-TAIL_CHARACTERS)
      })
    }
    if (child.pid === undefined) throw new Error(`${this.#program} could not be started`)
    const guard = guardOf(child.pid)
    child.once('exit', () => guard.kill('SIGKILL'))
    for (let waitedMs = 0; child.exitCode === null && waitedMs < START_MS; waitedMs += PROBE_INTERVAL_MS) {
      if (await this.#answers()) return
      await sleep(PROBE_INTERVAL_MS)
    }
    throw new Error(`The S3 gateway did not start: ${this.#output}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }

  get #data(): string {
    return join(this.#folder, 'data')
  }

  get #users(): string {
    return join(this.#folder, 'users')
  }

  async #answers(): Promise<boolean> {
    try {
      const { ok } = await fetch(`${this.endpoint}${HEALTH}`, { signal: AbortSignal.timeout(START_MS) })
      return ok
    } catch {
      return false // Nobody listens yet.
    }
  }

  async #createBucket(name: string): Promise<void> {
    const { endpoint, region, credentials } = this
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
    try {
      await client.send(new CreateBucketCommand({ Bucket: name }), { abortSignal: AbortSignal.timeout(START_MS) })
    } finally {
      client.destroy()
    }
  }
}
