import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { turns, within } from '../fixture/event-loop.ts'
import { createEnds } from './ends.ts'
import { ThreadTransport } from './thread-transport.ts'

const CHANNELS = 3
const ECHO = new URL('../fixture/echo-thread.ts', import.meta.url)
// In a thread, `--import tsx` leaves the loading of TypeScript to the main thread, which under vitest does something else.
const START = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(ECHO.href)}) })`

const started: Worker[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.terminate()))
})

/** A thread that sends everything back, and links to it. */
async function startEcho(ringBytes: number) {
  const [ours, ends] = createEnds(ringBytes)
  const worker = new Worker(START, {
    eval: true,
    workerData: { ends, channels: CHANNELS },
    transferList: [ends.port],
    execArgv: ['--conditions=@malstrom/source'],
  })
  started.push(worker)
  const exited = once(worker, 'exit')
  const transport = new ThreadTransport()
  transport.addPeer(0, ours)
  const links = Array.from({ length: CHANNELS }, (_, channel) => {
    const state = { readable: () => {}, failures: [] as Error[] }
    const link = transport.open(0, channel, {
      readable: () => state.readable(),
      failed: (error) => state.failures.push(error),
    })
    return Object.assign(state, { link })
  })
  await within(30_000, 'the start of the thread', once(worker, 'message'))
  return { worker, transport, links, exited: within(10_000, 'the end of the thread', exited) }
}

/** The same numbers every time. */
function diceOf(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

function checksumOf(frame: Uint8Array): number {
  let sum = frame.length
  for (let i = 0; i < frame.length; i++) sum = (Math.imul(sum, 31) + (frame[i] as number)) | 0
  return sum
}

describe('between real threads', () => {
  it.each([1, 2, 3])(
    'random frames come back in order on all channels (seed %i)',
    async (seed) => {
      const FRAMES = 2_000
      const { links, transport } = await startEcho(4_096)
      const dice = diceOf(seed)
      const sums = links.map(() => [] as number[])
      const back = links.map(() => [] as number[])
      for (const [channel, entry] of links.entries()) {
        entry.readable = () => {
          // Now and then nobody listens for a while.
          if (dice(5) === 0) return void setImmediate(entry.readable)
          for (let frame = entry.link.receive(); frame !== undefined; frame = entry.link.receive()) back[channel]?.push(checksumOf(frame))
        }
      }
      const run = async () => {
        for (let i = 0; i < FRAMES; i++) {
          const channel = dice(CHANNELS)
          const link = links[channel]?.link
          const frame = new Uint8Array(dice(20) === 0 ? dice(20_000) : dice(300)).fill(i)
          sums[channel]?.push(checksumOf(frame))
          link?.send(frame)
          if (dice(10) === 0) await turns(dice(4))
          while ((link?.queuedBytes ?? 0) > 50_000) await turns(1)
        }
        while (back.flat().length < FRAMES) await turns(1)
      }
      await within(20_000, 'all frames', run())
      expect(back).toEqual(sums)
      await within(10_000, 'close', transport.close())
    },
    60_000,
  )

  it('no wake-up is lost: ten thousand frames there and back, each waiting for the one before', async () => {
    const { links } = await startEcho(64)
    const dice = diceOf(4)
    const { link } = links[0] as (typeof links)[0]
    const frame = new Uint8Array(200)
    let trips = 0
    await within(
      30_000,
      'the last trip',
      new Promise<void>((resolve) => {
        const send = () => link.send(frame.subarray(0, dice(3) === 0 ? 200 : 8))
        ;(links[0] as (typeof links)[0]).readable = () => {
          while (link.receive() !== undefined) {
            if (++trips === 10_000) return resolve()
            // From within the call, from a microtask, or a turn later: at every phase of the other thread's parking.
            const when = dice(3)
            if (when === 0) send()
            else if (when === 1) queueMicrotask(send)
            else setImmediate(send)
          }
        }
        send()
      }),
    )
    expect(trips).toBe(10_000)
  }, 60_000)

  it('a thread that ends without closing fails the links to it', async () => {
    const { worker, links, exited } = await startEcho(4_096)
    worker.postMessage('exit')
    await exited
    await turns(10)
    for (const { failures } of links) {
      expect(failures).toHaveLength(1)
      expect(failures[0]).toMatchObject({ code: 'ERR_LINK_LOST', message: 'Worker 0 has ended without closing its links.' })
    }
  }, 60_000)

  it('a thread that closes its transport ends, and no link fails', async () => {
    const { worker, links, exited } = await startEcho(4_096)
    worker.postMessage('close')
    await exited
    await turns(10)
    for (const { failures } of links) expect(failures).toEqual([])
  }, 60_000)

  it('open links do not keep a thread alive', async () => {
    const { worker, exited } = await startEcho(4_096)
    worker.postMessage('leave')
    await exited
  }, 60_000)
})
