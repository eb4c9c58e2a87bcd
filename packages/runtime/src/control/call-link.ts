import { type Link, type LinkEvents, MalstromError } from '@malstrom/core'
import { decodeValue, encodeValue } from '../codec/columns.ts'
import { linkLost } from '../worker/worker-links.ts'
import { type ErrorData, errorData, errorFrom } from './error-data.ts'

type Message =
  | { readonly call: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly reply: number; readonly value?: unknown; readonly error?: ErrorData }
  | { readonly event: string; readonly args: readonly unknown[] }

export interface CallLinkOptions {
  open(events: LinkEvents): Link
  /** Does what the other side asks for. */
  answer(method: string, args: readonly unknown[]): Promise<unknown>
  /** The other side says something by itself. */
  told(event: string, args: readonly unknown[]): void
  failed(error: Error): void
}

/** Calls with answers, and messages without, over a link. */
export class CallLink {
  readonly #options: CallLinkOptions
  readonly #link: Link
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  #calls = 0
  #failure: Error | undefined

  constructor(options: CallLinkOptions) {
    this.#options = options
    this.#link = options.open({ readable: () => this.#receive(), failed: (error) => this.fail(linkLost(error)) })
  }

  /** Treats what has come before anybody listened. */
  listen(): void {
    this.#receive()
  }

  call(method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const call = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject })
      this.#send({ call, method, args })
    })
  }

  tell(event: string, args: readonly unknown[]): void {
    if (this.#failure === undefined) this.#send({ event, args })
  }

  /** No answer will come any more. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(error)
    this.#options.failed(error)
  }

  #receive(): void {
    try {
      for (let bytes = this.#link.receive(); bytes !== undefined; bytes = this.#link.receive())
        this.#treat(decodeValue(new Uint8Array(bytes)) as Message)
    } catch (error) {
      this.fail(error as Error)
    }
  }

  #treat(message: Message): void {
    if ('event' in message) this.#options.told(message.event, message.args)
    else if ('call' in message) void this.#answer(message.call, message.method, message.args)
    else {
      const waiting = this.#waiting.get(message.reply)
      this.#waiting.delete(message.reply)
      if (message.error !== undefined) waiting?.reject(errorFrom(message.error))
      else waiting?.resolve(message.value)
    }
  }

  async #answer(call: number, method: string, args: readonly unknown[]): Promise<void> {
    try {
      this.#send({ reply: call, value: await this.#options.answer(method, args) })
    } catch (error) {
      this.#send({ reply: call, error: errorData(error) })
    }
  }

  #send(message: Message): void {
    if (this.#failure !== undefined) return
    try {
      this.#link.send(encodeValue(message))
    } catch (error) {
      if (!(error instanceof MalstromError)) throw error
      this.#link.send(encodeValue({ ...withoutValues(message), error: errorData(error) }))
    }
  }
}

/** What can be sent of a message whose values cannot. */
function withoutValues(message: Message): object {
  return 'reply' in message ? { reply: message.reply } : { event: 'failed', args: [] }
}
