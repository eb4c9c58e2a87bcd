import type { MessagePort } from 'node:worker_threads'
import { assert, type Link, type LinkEvents, MalstromError, type PeerId } from '@malstrom/core'
import type { Ends } from './ends.ts'
import { Inbox, type InboxHost, type Incoming, type Lending } from './inbox.ts'
import { Outbox, type Outgoing } from './outbox.ts'
import { RingReader, RingWriter } from './ring.ts'

/** What goes over the port: a wake-up, the wish that a channel be held back, or go on, or that this end wants to close. */
type Message = null | { readonly channel: number; readonly held: boolean } | 'closing'

/** The connection to one peer and its links, one for each channel. */
export class ThreadPeer {
  readonly #peer: PeerId
  readonly #links = new Map<number, ThreadLink>()
  readonly #inbox: Inbox
  readonly #outbox = new Outbox()
  #port: MessagePort | undefined
  #failure: Error | undefined
  #closing = false
  #handedOver: () => void = () => {}

  constructor(peer: PeerId, lending: Lending) {
    this.#peer = peer
    this.#inbox = new Inbox(lending)
  }

  connect({ incoming, outgoing, port }: Ends): void {
    assert(this.#port === undefined, `${nameOf(this.#peer)} was added to a transport twice`)
    this.#port = port
    if (this.#failure !== undefined) {
      port.close()
      return
    }
    const post = (message: Message) => port.postMessage(message)
    const host: InboxHost = {
      wakePeer: () => post(null),
      holdPeer: (channel, held) => post({ channel, held }),
      soon: (callback) => void setImmediate(callback),
    }
    port.on('message', (message: Message) => this.#woken(message))
    port.on('close', () => this.#portClosed())
    // A finished job lets the thread end, also while peers could still write.
    port.unref()
    this.#inbox.connect(new RingReader(incoming), host)
    this.#outbox.connect(new RingWriter(outgoing), host.wakePeer, () => performance.now())
  }

  open(channel: number, events: LinkEvents): Link {
    assert(Number.isInteger(channel) && channel >= 0, `channel ${channel}`)
    assert(!this.#links.has(channel), `channel ${channel} to ${nameOf(this.#peer)} was opened twice`)
    const link = new ThreadLink(this, this.#inbox, channel, events)
    this.#links.set(channel, link)
    const failure = this.#failure
    if (failure !== undefined) queueMicrotask(() => link.fail(failure))
    return link
  }

  send(outgoing: Outgoing, frame: Uint8Array): void {
    if (this.#failure !== undefined || this.#closing) return
    if (this.#outbox.closed) this.#failSoon()
    else this.#outbox.send(outgoing, frame)
  }

  /** Ends all links, of which none will do anything again but hand out what had come before. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#giveUp()
    this.#port?.close()
    this.#handedOver()
    for (const link of this.#links.values()) link.fail(error)
  }

  /** Resolves when everything sent has been written, or nobody is left who would read it. */
  async close(): Promise<void> {
    this.#closing = true
    for (const link of this.#links.values()) link.close()
    this.#inbox.close()
    if (this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#handedOver = resolve
        for (const link of this.#links.values()) link.hold(this.#outbox, false)
        if (!this.#outbox.empty) this.#port?.postMessage('closing' satisfies Message)
        this.#finishClosing()
      })
    }
    this.#port?.close()
  }

  #woken(message: Message): void {
    if (message === 'closing') this.#inbox.drain()
    else if (message !== null && !this.#closing) this.#links.get(message.channel)?.hold(this.#outbox, message.held)
    this.#outbox.flush()
    if (this.#closing) this.#finishClosing()
    else if (this.#outbox.closed && !this.#outbox.empty) this.fail(unheard(this.#peer))
    else this.#inbox.sweep()
  }

  #portClosed(): void {
    if (this.#closing) this.#handedOver()
    else if (!this.#outbox.closed) this.fail(lost(this.#peer))
    else if (!this.#outbox.empty) this.fail(unheard(this.#peer))
  }

  #finishClosing(): void {
    if (this.#outbox.closed || this.#port === undefined) this.#giveUp()
    if (this.#outbox.empty) this.#handedOver()
  }

  #giveUp(): void {
    this.#outbox.clear()
    for (const link of this.#links.values()) link.giveUp()
  }

  /** Not from within `send`: whoever sends does not expect to be called. */
  #failSoon(): void {
    queueMicrotask(() => {
      if (!this.#closing) this.fail(unheard(this.#peer))
    })
  }
}

class ThreadLink implements Link {
  readonly #peer: ThreadPeer
  readonly #inbox: Inbox
  readonly #incoming: Incoming
  readonly #outgoing: Outgoing
  #events: LinkEvents | undefined
  #closed = false

  constructor(peer: ThreadPeer, inbox: Inbox, channel: number, events: LinkEvents) {
    this.#peer = peer
    this.#inbox = inbox
    this.#outgoing = { channel, queuedBytes: 0, held: undefined }
    this.#events = events
    this.#incoming = inbox.channel(channel)
    inbox.open(this.#incoming, () => this.#events?.readable())
  }

  send(frame: Uint8Array): void {
    this.#peer.send(this.#outgoing, frame)
  }

  receive(): Uint8Array | undefined {
    return this.#closed ? undefined : this.#inbox.receive(this.#incoming)
  }

  get queuedBytes(): number {
    return this.#outgoing.queuedBytes
  }

  hold(outbox: Outbox, held: boolean): void {
    if (held) outbox.hold(this.#outgoing)
    else outbox.resume(this.#outgoing)
  }

  giveUp(): void {
    this.#outgoing.held = undefined
    this.#outgoing.queuedBytes = 0
  }

  fail(error: Error): void {
    const events = this.#events
    this.#events = undefined
    events?.failed(error)
  }

  close(): void {
    this.#closed = true
    this.#events = undefined
  }
}

function lost(peer: PeerId): MalstromError {
  return new MalstromError('ERR_LINK_LOST', `${nameOf(peer)} has ended without closing its links.`, { outcome: 'unknown' })
}

function unheard(peer: PeerId): MalstromError {
  return new MalstromError('ERR_LINK_LOST', `${nameOf(peer)} has closed its links, but was sent something.`, { outcome: 'unknown' })
}

function nameOf(peer: PeerId): string {
  return peer === 'coordinator' ? 'The coordinator' : `Worker ${peer}`
}
