/** One listener. */
export interface LiveClient {
  /** What was sent and has not left this machine. */
  readonly queuedBytes: number
  send(id: number, text: string): void
  /** A sign of life. False if the client gave none since the last one. */
  beat(): boolean
  /** Ends the connection: `slow` clients at once, others after what waits. */
  end(why: 'slow' | 'closing'): void
}

export interface BroadcastOptions {
  readonly replayRecords: number
  readonly clientBytesMax: number
  readonly onSlow: 'disconnect' | 'drop'
  readonly heartbeatMs: number
}

/** Sends each record to every client. A client that does not keep up delays nobody. */
export class Broadcast {
  /** How many records there have been. */
  sequence: number
  readonly #options: BroadcastOptions
  readonly #clients = new Set<LiveClient>()
  /** The last records: that with the id `n` is at `n % replayRecords`. */
  readonly #recent: string[] = []
  #first: number
  readonly #heart: NodeJS.Timeout

  constructor(options: BroadcastOptions, sequence: number) {
    this.#options = options
    this.sequence = sequence
    this.#first = sequence + 1
    this.#heart = setInterval(() => this.#beat(), options.heartbeatMs)
    this.#heart.unref()
  }

  get clientCount(): number {
    return this.#clients.size
  }

  /** `after`: the last id that the client has had; it gets those that came since, as far as they are kept. */
  join(client: LiveClient, after: number | undefined): void {
    const { replayRecords } = this.#options
    // An id from the future is one of an earlier life of the job: the client gets what there is.
    const known = after === undefined || after > this.sequence ? 0 : after
    this.#clients.add(client)
    for (let id = Math.max(this.#first, this.sequence - replayRecords + 1, known + 1); id <= this.sequence; id++) {
      if (!this.#isWilling(client)) return
      client.send(id, this.#recent[id % replayRecords] as string)
    }
  }

  leave(client: LiveClient): void {
    this.#clients.delete(client)
  }

  send(text: string): void {
    const { replayRecords } = this.#options
    const id = ++this.sequence
    if (replayRecords > 0) this.#recent[id % replayRecords] = text
    for (const client of this.#clients) if (this.#isWilling(client)) client.send(id, text)
  }

  close(): void {
    clearInterval(this.#heart)
    for (const client of this.#clients) client.end('closing')
    this.#clients.clear()
  }

  #isWilling(client: LiveClient): boolean {
    const { clientBytesMax, onSlow } = this.#options
    if (client.queuedBytes < clientBytesMax) return true
    if (onSlow === 'disconnect') this.#end(client)
    return false
  }

  #beat(): void {
    for (const client of this.#clients) if (!client.beat()) this.#end(client)
  }

  #end(client: LiveClient): void {
    this.#clients.delete(client)
    client.end('slow')
  }
}
