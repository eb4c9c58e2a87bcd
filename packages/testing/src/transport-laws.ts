import { turns } from './event-loop.ts'
import { type Law, must } from './law.ts'
import { frameOf, type TransportBench, withTransports } from './transport-bench.ts'
import { BUFFERED_BYTES_MAX, FRAME_BYTES_MAX, type TransportSuiteOptions } from './transport-suite-options.ts'

const FRAMES = 400
const CHANNELS = 48
const BLOCK_BYTES = 32 * 1_024
/** Around what a batch or a ring may hold, and where lengths get another byte. */
const LENGTHS = [0, 1, 127, 128, 129, 255, 256, 65_535, 65_536, 65_537, 0, 200_000]

type LawOf = (name: string, check: (bench: TransportBench) => Promise<void>) => Law

/** The contract of `Transport` and `Link`. */
export function transportLawsOf(options: TransportSuiteOptions): Law[] {
  const law: LawOf = (name, check) => ({ name, check: () => withTransports(options, check) })
  return [...frameLaws(law, options), ...queueLaws(law, options), ...endLaws(law)]
}

function frameLaws(law: LawOf, { frameBytesMax = FRAME_BYTES_MAX }: TransportSuiteOptions): Law[] {
  return [
    law('frames arrive whole, once each, in the order in which they were sent', async (bench) => {
      const [first, second] = bench.openBoth(0)
      const frames = Array.from({ length: FRAMES }, (_, n) => frameOf(n, (n * 37) % 1_000))
      for (const [n, frame] of frames.entries()) {
        first.link.send(frame)
        if (n % 50 === 0) await turns(1)
      }
      await bench.mustTake(second, frames)
    }),
    law('both ends may send at the same time', async (bench) => {
      const [first, second] = bench.openBoth(7)
      const there = Array.from({ length: FRAMES }, (_, n) => frameOf(n, 100 + n))
      const back = Array.from({ length: FRAMES }, (_, n) => frameOf(FRAMES + n, 100 + n))
      for (let n = 0; n < FRAMES; n++) {
        first.link.send(there[n] as Uint8Array)
        second.link.send(back[n] as Uint8Array)
        if (n % 50 === 0) await turns(1)
      }
      await bench.mustTake(second, there)
      await bench.mustTake(first, back)
    }),
    law('every channel has its own frames', async (bench) => {
      const channels = Array.from({ length: CHANNELS }, (_, n) => n * 3)
      const firsts = channels.map((channel) => bench.openFirst(channel))
      const seconds = channels.toReversed().map((channel) => bench.openSecond(channel))
      for (let n = 0; n < 20; n++) for (const [at, { link }] of firsts.entries()) link.send(frameOf(at * 20 + n, 64))
      for (const [at, second] of seconds.toReversed().entries()) {
        const frames = Array.from({ length: 20 }, (_, n) => frameOf(at * 20 + n, 64))
        await bench.mustTake(second, frames, `channel ${channels[at]}`)
      }
    }),
    law('a frame may be empty, and may be large', async (bench) => {
      const [first, second] = bench.openBoth(0)
      const frames = [...LENGTHS, frameBytesMax, 0, 3, frameBytesMax - 1].map((length, n) => frameOf(n, Math.min(length, frameBytesMax)))
      for (const frame of frames) first.link.send(frame)
      await bench.mustTake(second, frames)
    }),
    law('send leaves its bytes to the caller', async (bench) => {
      const [first, second] = bench.openBoth(0)
      const frames = Array.from({ length: FRAMES }, (_, n) => frameOf(n, n < 20 ? 5_000 + n : n))
      const shared = new Uint8Array(8_192)
      for (const frame of frames) {
        shared.set(frame, 1)
        first.link.send(shared.subarray(1, 1 + frame.length))
        shared.fill(0)
      }
      await bench.mustTake(second, frames)
    }),
    law('what was received stays as it is until the next receive', async (bench) => {
      const [first, second] = bench.openBoth(0)
      const large = frameOf(1, 3_000)
      first.link.send(large)
      let held: Uint8Array | undefined
      await bench.until(
        () => 'a frame arrives',
        () => {
          held = second.link.receive()
          return held !== undefined
        },
      )
      for (let n = 0; n < FRAMES; n++) {
        first.link.send(frameOf(2 + n, 3_000))
        if (n % 20 === 0) await turns(1)
      }
      second.link.send(frameOf(0, 3_000))
      await turns(20)
      must(Buffer.compare(held as Uint8Array, large) === 0, 'other frames have changed it')
    }),
    law('frames that are sent before the other end opens are kept', async (bench) => {
      const early = [frameOf(1, 10), frameOf(2, 10_000), frameOf(3, 0)]
      const first = bench.openFirst(4)
      for (const frame of early) first.link.send(frame)
      const other = bench.openFirst(5)
      other.link.send(frameOf(9, 9))
      await turns(50)
      await bench.mustTake(bench.openSecond(5), [frameOf(9, 9)], 'the channel that was opened first')
      await turns(50)
      const second = bench.openSecond(4)
      first.link.send(frameOf(4, 4))
      await bench.mustTake(second, [...early, frameOf(4, 4)], 'the channel that was opened later')
    }),
    law('readable is called when a frame arrives after receive has returned undefined', async (bench) => {
      const [first, second] = bench.openBoth(0)
      for (let n = 0; n < 20; n++) {
        must(second.link.receive() === undefined, 'there is a frame that nobody sent')
        if (n % 2 === 1) await turns(10)
        const { wakes } = second
        first.link.send(frameOf(n, n))
        await bench.until(
          () => 'readable is called',
          () => second.wakes > wakes,
        )
        const frame = second.link.receive()
        must(frame !== undefined && Buffer.compare(frame, frameOf(n, n)) === 0, 'readable was called, and there is no frame')
      }
    }),
  ]
}

function queueLaws(law: LawOf, { bufferedBytesMax = BUFFERED_BYTES_MAX }: TransportSuiteOptions): Law[] {
  return [
    law('queuedBytes says what waits, and is 0 when all has arrived', async (bench) => {
      const [first, second] = bench.openBoth(0)
      must(first.link.queuedBytes === 0, `queuedBytes is ${first.link.queuedBytes} before anything was sent`)
      const block = frameOf(1, BLOCK_BYTES)
      const blocks = Math.ceil(bufferedBytesMax / BLOCK_BYTES)
      let sent = 0
      for (; sent < blocks && first.link.queuedBytes === 0; sent++) first.link.send(block)
      must(first.link.queuedBytes <= sent * BLOCK_BYTES, `queuedBytes is ${first.link.queuedBytes}, though less was sent`)
      await bench.take(second, sent)
      await bench.until(
        () => `queuedBytes returns to 0 (it is ${first.link.queuedBytes})`,
        () => first.link.queuedBytes === 0,
      )
    }),
    law('queuedBytes grows while nobody receives, and other channels go on', async (bench) => {
      const [stuck, later] = bench.openBoth(0)
      const [first, second] = bench.openBoth(1)
      const blocks = Math.ceil(bufferedBytesMax / BLOCK_BYTES) + 8
      let sent = 0
      let calm = 0
      // What is queued for a moment may be handed over yet: it must be there to stay, while frames go there and back on another channel.
      while (sent < blocks && calm < 10) {
        for (; sent < blocks && stuck.link.queuedBytes <= 4 * BLOCK_BYTES; sent++) stuck.link.send(frameOf(sent, BLOCK_BYTES))
        first.link.send(frameOf(1, 1))
        await bench.take(second, 1)
        second.link.send(frameOf(1, 1))
        await bench.take(first, 1)
        calm = stuck.link.queuedBytes === 0 ? 0 : calm + 1
      }
      must(stuck.link.queuedBytes > 0, `${sent * BLOCK_BYTES} bytes were taken though nobody receives them`)
      const frames = Array.from({ length: 100 }, (_, n) => frameOf(n, 1_000))
      for (const frame of frames) first.link.send(frame)
      await bench.mustTake(second, frames, 'another channel')
      const blocked = Array.from({ length: sent }, (_, n) => frameOf(n, BLOCK_BYTES))
      await bench.mustTake(later, blocked, 'the channel that was stuck')
    }),
  ]
}

function endLaws(law: LawOf): Law[] {
  return [
    law('what was sent before close has been handed over when it resolves', async (bench) => {
      const [first, second] = bench.openBoth(0)
      const frames = Array.from({ length: 50 }, (_, n) => frameOf(n, 1_000 + n))
      for (const frame of frames) first.link.send(frame)
      await bench.settled('close', bench.first.transport.close())
      bench.mustBeHealthy()
      bench.allowFailures() // The other end may be told that this one is gone.
      await bench.mustTake(second, frames)
    }),
    law('close resolves also when nothing was opened or sent, and when it is called again', async (bench) => {
      await bench.settled('close without links', bench.second.transport.close())
      const unused = bench.openFirst(0)
      bench.allowFailures()
      await bench.settled('close with a link that was not used', bench.first.transport.close())
      await bench.settled('close', bench.first.transport.close())
      must(unused.failures.length <= 1, 'failed was called more than once')
    }),
    law('a link to an end that has closed fails once when more is sent', async (bench) => {
      const links = [bench.openBoth(0), bench.openBoth(1)]
      for (const [first, second] of links) {
        first.link.send(frameOf(1, 10))
        await bench.mustTake(second, [frameOf(1, 10)])
      }
      await bench.settled('close', bench.second.transport.close())
      bench.allowFailures()
      for (const [first] of links) {
        first.link.send(frameOf(2, 10))
        await bench.until(
          () => 'failed is called',
          () => first.failures.length > 0,
        )
        first.link.send(frameOf(3, 10))
      }
      await turns(50)
      for (const [first] of links) must(first.failures.length === 1, `failed was called ${first.failures.length} times`)
    }),
    law('every link to an end that is gone fails, once', async (bench) => {
      if (!bench.canKill) return
      const links = Array.from({ length: 3 }, (_, channel) => bench.openBoth(channel))
      for (const [first, second] of links) {
        first.link.send(frameOf(1, 10))
        await bench.mustTake(second, [frameOf(1, 10)])
      }
      await bench.kill()
      links[1]?.[0].link.send(frameOf(2, 10))
      await bench.until(
        () => 'failed is called for every link',
        () => links.every(([first]) => first.failures.length > 0),
      )
      for (const [first] of links) first.link.send(frameOf(3, 10))
      await turns(50)
      for (const [first] of links) must(first.failures.length === 1, `failed was called ${first.failures.length} times`)
      await bench.settled('close after a failure', bench.first.transport.close())
    }),
  ]
}
