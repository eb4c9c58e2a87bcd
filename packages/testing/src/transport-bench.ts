import type { Link, LinkEvents, PeerId } from '@malstrom/core'
import { turns, within } from './event-loop.ts'
import { WAIT_MS } from './external-system.ts'
import { must } from './law.ts'
import type { TransportEnd, TransportPair, TransportSuiteOptions } from './transport-suite-options.ts'

/** A link that a check has opened, with what its events have said. */
export interface OpenLink {
  readonly link: Link
  /** How often `readable` was called. */
  readonly wakes: number
  readonly failures: readonly Error[]
}

/** Two ends, and the links that a check opens between them. */
export class TransportBench {
  readonly first: TransportEnd
  readonly second: TransportEnd
  readonly #pair: TransportPair
  readonly #waitMs: number
  readonly #links: OpenLink[] = []
  #mayFail = false

  constructor(pair: TransportPair, options: TransportSuiteOptions) {
    this.first = pair.first
    this.second = pair.second
    this.#pair = pair
    this.#waitMs = options.waitMs ?? WAIT_MS
  }

  /** Opens `channel` at both ends. */
  openBoth(channel: number): [first: OpenLink, second: OpenLink] {
    return [this.openFirst(channel), this.openSecond(channel)]
  }

  openFirst(channel: number): OpenLink {
    return this.#open(this.first, this.second.peer, channel)
  }

  openSecond(channel: number): OpenLink {
    return this.#open(this.second, this.first.peer, channel)
  }

  /** The next `count` frames, copied. */
  async take({ link }: OpenLink, count: number): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = []
    await this.until(
      () => `${count} frames arrive (${frames.length} have)`,
      () => {
        for (let frame = link.receive(); frame !== undefined; frame = link.receive()) {
          frames.push(Uint8Array.from(frame))
          if (frames.length === count) return true
        }
        return count === 0
      },
    )
    return frames
  }

  /** Throws unless these frames, and no others, arrive in this order. */
  async mustTake(open: OpenLink, expected: readonly Uint8Array[], what = 'a link'): Promise<void> {
    const frames = await this.take(open, expected.length)
    for (const [index, frame] of frames.entries()) {
      const wanted = expected[index] as Uint8Array
      must(Buffer.compare(frame, wanted) === 0, `${what}: frame ${index} is ${shown(frame)}, not ${shown(wanted)}`)
    }
    await turns(20)
    must(open.link.receive() === undefined, `${what}: a frame arrived that nobody sent, or one arrived twice`)
  }

  async until(what: () => string, holds: () => boolean): Promise<void> {
    let isOver = false
    const waiting = async () => {
      while (!isOver && !holds()) await turns(1)
    }
    try {
      await within(this.#waitMs, 'The transport', waiting())
    } catch {
      throw new Error(`It did not happen within ${this.#waitMs} ms that ${what()}.`)
    } finally {
      isOver = true
    }
  }

  /** Settles as `promise` does, or rejects when it takes too long. */
  settled(what: string, promise: Promise<unknown>): Promise<unknown> {
    return within(this.#waitMs, what, promise)
  }

  get canKill(): boolean {
    return this.#pair.kill !== undefined
  }

  async kill(): Promise<void> {
    this.allowFailures()
    await this.#pair.kill?.()
  }

  /** From now on `failed` is what the check wants to see. */
  allowFailures(): void {
    this.#mayFail = true
  }

  mustBeHealthy(): void {
    if (this.#mayFail) return
    for (const { failures } of this.#links) if (failures[0] !== undefined) throw new Error('A link failed.', { cause: failures[0] })
  }

  async close(): Promise<void> {
    this.allowFailures()
    await Promise.all([this.first.transport.close(), this.second.transport.close()])
    await this.#pair.dispose?.()
  }

  #open(end: TransportEnd, peer: PeerId, channel: number): OpenLink {
    const failures: Error[] = []
    let wakes = 0
    const events: LinkEvents = {
      readable() {
        wakes++
      },
      failed(error) {
        failures.push(error)
      },
    }
    const link = end.transport.open(peer, channel, events)
    const open: OpenLink = {
      link,
      failures,
      get wakes() {
        return wakes
      },
    }
    this.#links.push(open)
    return open
  }
}

/** Runs `use` with two ends of its own, and closes them, also if it throws. */
export async function withTransports(options: TransportSuiteOptions, use: (bench: TransportBench) => Promise<void>): Promise<void> {
  const bench = new TransportBench(await options.create(), options)
  try {
    await use(bench)
    bench.mustBeHealthy()
  } catch (error) {
    // What is broken may also fail to close; the first error tells more.
    await bench.settled('close', bench.close()).catch(() => {})
    throw error
  }
  await bench.settled('close', bench.close())
}

/** A frame whose content depends on `seed`, so that no other frame passes for it. */
export function frameOf(seed: number, length: number): Uint8Array {
  const frame = new Uint8Array(length)
  for (let i = 0, value = (seed * 2_654_435_761) >>> 0; i < length; i++, value = (value * 1_664_525 + 1_013_904_223) >>> 0)
    frame[i] = value >>> 24
  return frame
}

function shown(frame: Uint8Array): string {
  return `${frame.length} bytes (${[...frame.subarray(0, 6)].join(' ')}${frame.length > 6 ? ' ...' : ''})`
}
