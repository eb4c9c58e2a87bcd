import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { type Certificates, makeCertificates } from './make-certificates.ts'

export interface RedisServerOptions {
  /** What the default user must give. */
  readonly password?: string
  /** Users beside the default one, as `ACL SETUSER` takes them: `reader on >secret ~* +@read`. */
  readonly users?: readonly string[]
  /** Speaks TLS only, with a certificate of its own for 127.0.0.1. */
  readonly tls?: boolean
  /** A cluster of this one server, which has all slots. */
  readonly cluster?: boolean
  /** It is no server but a sentinel, which watches the server at a port of 127.0.0.1 under a name. */
  readonly sentinel?: { readonly name: string; readonly port: number }
  /** Every write is on the disk before it is answered, so that a killed server comes back with it. @default true */
  readonly durable?: boolean
}

/** How long a server may take to answer, or to end. */
const PATIENCE_MS = 20_000
/** Another process may take a port between finding and using it. */
const STARTS_MAX = 3

/** A real `redis-server` on a free port of 127.0.0.1, with a folder of its own; needs the Debian package `redis-server`. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  /** The certificate of the authority, for clients; `undefined` without TLS. */
  readonly ca: Buffer | undefined
  readonly #options: RedisServerOptions
  readonly #folder: string
  readonly #certificates: Certificates | undefined
  #process: ChildProcess | undefined

  /** Of the cluster bus, which is the port and 10,000 otherwise, and that may be no port. */
  readonly #busPort: number

  private constructor(port: number, busPort: number, options: RedisServerOptions) {
    this.port = port
    this.#busPort = busPort
    this.#options = options
    this.#folder = mkdtempSync(join(tmpdir(), 'malstrom-redis-'))
    this.#certificates = options.tls === true ? makeCertificates(this.#folder) : undefined
    this.ca = this.#certificates === undefined ? undefined : readFileSync(this.#certificates.ca)
  }

  /** Why there can be no server here; `undefined` if there can. */
  static missing(): string | undefined {
    const { status } = spawnSync('redis-server', ['--version'])
    return status === 0 ? undefined : 'redis-server is not installed (Debian: apt-get install redis-server)'
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (let tried = 1; ; tried++) {
      const server = new RedisServer(await freePort(), await freePort(), options)
      try {
        await server.start()
        return server
      } catch (error) {
        await server[Symbol.asyncDispose]()
        if (tried >= STARTS_MAX) throw error
      }
    }
  }

  get url(): string {
    return `${this.ca === undefined ? 'redis' : 'rediss'}://127.0.0.1:${this.port}`
  }

  /** Starts it again on the same port, with the data of its folder. */
  async start(): Promise<void> {
    const child = spawn('redis-server', this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    const endWithMe = () => child.kill('SIGKILL')
    process.once('exit', endWithMe)
    child.once('exit', () => process.off('exit', endWithMe))
    let output = ''
    child.stdout.on('data', (text) => {
      output = `${output}${text}`.slice(-2_000)
    })
    child.on('error', (error) => {
      output += error.message
    })
    const deadline = Date.now() + PATIENCE_MS
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`redis-server did not start: ${output}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    if (this.#options.cluster !== true) return
    this.#cli('cluster', 'addslotsrange', '0', '16383')
    while (!this.#cli('cluster', 'info').includes('cluster_state:ok')) {
      if (Date.now() > deadline) throw new Error('The cluster does not get ready.')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Ends it as a crash does. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Ends it as an operator does. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Holds it, so that its clients are connected and get no answer, until `resume`. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #arguments(): string[] {
    const { password, users = [], cluster, durable = true, sentinel } = this.#options
    if (sentinel !== undefined) {
      const file = join(this.#folder, 'sentinel.conf')
      const { name, port } = sentinel
      writeFileSync(file, `port ${this.port}\nbind 127.0.0.1\ndir ${this.#folder}\nsentinel monitor ${name} 127.0.0.1 ${port} 1\n`)
      return [file, '--sentinel']
    }
    const certificates = this.#certificates
    const port = String(this.port)
    return [
      ...['--bind', '127.0.0.1', '--dir', this.#folder, '--save', '', '--daemonize', 'no'],
      ...(durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []),
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...users.flatMap((user) => ['--user', ...user.split(' ')]),
      ...(cluster === true
        ? ['--cluster-enabled', 'yes', '--cluster-port', String(this.#busPort), '--cluster-announce-ip', '127.0.0.1']
        : []),
      ...(certificates === undefined
        ? ['--port', port]
        : ['--port', '0', '--tls-port', port, '--tls-cert-file', certificates.certificate, '--tls-key-file', certificates.key]),
      ...(certificates === undefined ? [] : ['--tls-ca-cert-file', certificates.ca, '--tls-auth-clients', 'no']),
    ]
  }

  #cli(...command: readonly string[]): string {
    const { stdout } = spawnSync('redis-cli', ['-p', String(this.port), ...command], { timeout: PATIENCE_MS })
    return String(stdout)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGCONT')
    child.kill(signal)
    const killer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
    await ended
    clearTimeout(killer)
  }
}

/** Whether somebody listens. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
