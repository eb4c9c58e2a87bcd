import { type Context, Reply } from 'zeromq'
import { fingerprintOf, isKey } from './keys.ts'
import type { RefusalLog } from './refusal-log.ts'

const ZAP_ADDRESS = 'inproc://zeromq.zap.01'
const ZAP_VERSION = '1.0'

/**
 * Decides which public keys may connect: ZeroMQ asks over ZAP (ZeroMQ RFC 27) before it lets a peer send anything. One for each context, so
 * endpoints of one process do not answer for each other.
 */
export class AccessControl {
  readonly #socket: Reply
  readonly #allowed = new Set<string>()
  readonly #log: RefusalLog

  /** Resolves when it answers. */
  static async start(context: Context, allowed: readonly string[], log: RefusalLog): Promise<AccessControl> {
    const control = new AccessControl(context, allowed, log)
    await control.#socket.bind(ZAP_ADDRESS)
    void control.#answer()
    return control
  }

  private constructor(context: Context, allowed: readonly string[], log: RefusalLog) {
    for (const key of allowed) this.allow(key)
    this.#log = log
    this.#socket = new Reply({ context, linger: 0 })
  }

  /** From now on this public key may connect. */
  allow(publicKey: string): void {
    this.#allowed.add(fingerprintOf(publicKey))
  }

  isAllowed(publicKey: string): boolean {
    return isKey(publicKey) && this.#allowed.has(fingerprintOf(publicKey))
  }

  close(): void {
    this.#socket.close()
  }

  async #answer(): Promise<void> {
    try {
      for await (const [version, request, , address, , mechanism, key] of this.#socket) {
        const isAllowed = String(version) === ZAP_VERSION && String(mechanism) === 'CURVE' && this.#allowed.has(key?.toString('hex') ?? '')
        if (!isAllowed) this.#log.add(`Turned away a peer at ${address}: its public key is not one of those that may connect.`)
        const [code, text] = isAllowed ? ['200', 'OK'] : ['400', 'Not allowed']
        await this.#socket.send([ZAP_VERSION, request ?? '', code, text, '', ''])
      }
    } catch (error) {
      if (!this.#socket.closed) throw error
    }
  }
}
