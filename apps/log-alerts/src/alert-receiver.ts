import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Alert } from './error-counts.ts'

/** Takes alerts over HTTP and prints them, each once: a request that comes again has the same `Idempotency-Key`. */
export class AlertReceiver implements AsyncDisposable {
  /** By service and minute. */
  readonly alerts = new Map<string, Alert>()
  /** How many requests were answered with 503. */
  refused = 0
  readonly #busyAnswers: number
  readonly #server: Server
  readonly #seen = new Set<string>()

  private constructor(busyAnswers: number) {
    this.#busyAnswers = busyAnswers
    this.#server = createServer((request, response) => void this.#take(request, response).catch(() => response.writeHead(400).end()))
  }

  /** `busyAnswers`: how many requests it refuses at first. */
  static async start({ busyAnswers }: { readonly busyAnswers: number }): Promise<AlertReceiver> {
    const receiver = new AlertReceiver(busyAnswers)
    receiver.#server.listen(0, '127.0.0.1')
    await once(receiver.#server, 'listening')
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/alerts`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (this.refused < this.#busyAnswers) {
      this.refused++
      response.writeHead(503).end()
      return
    }
    const id = String(request.headers['idempotency-key'])
    const alert = JSON.parse(Buffer.concat(chunks).toString()) as Alert
    if (!this.#seen.has(id)) {
      this.#seen.add(id)
      this.alerts.set(`${alert.service} ${alert.minute}`, alert)
      console.log(`${alert.minute}  ${alert.service.padEnd(10)} ${alert.errors} errors, the last one: ${alert.message}`)
    }
    response.writeHead(202).end()
  }
}
