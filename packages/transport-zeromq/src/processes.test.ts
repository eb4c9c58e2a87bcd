import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect, createServer, type Socket } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Endpoints } from './fixtures/endpoints.ts'
import { RecordedLink } from './fixtures/recorded-link.ts'
import type { TransportOptions, ZeromqTransport } from './index.ts'

const HEARTBEAT_MS = 1_000
const START_MS = 130_000

const children: ChildProcess[] = []
const open: Endpoints[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const endpoints of open.splice(0)) endpoints.dispose()
})

interface Pair {
  readonly child: ChildProcess
  readonly messages: { failed?: string; address?: string }[]
  readonly transport: ZeromqTransport
  readonly link: RecordedLink
}

/** Worker 0 here, and worker 1 in another process, with a link that works. `bend` may put something between them. */
async function pairOf(
  network: 'ipc' | 'tcp',
  bend: (address: string) => Promise<string> = async (address) => address,
  more: Partial<TransportOptions> = {},
): Promise<Pair> {
  const endpoints = new Endpoints(network)
  open.push(endpoints)
  const { address } = await endpoints.add(0)
  const entry = fileURLToPath(new URL('./fixtures/peer-process.ts', import.meta.url))
  const bind = network === 'ipc' ? `ipc://${endpoints.folder}/child` : 'tcp://127.0.0.1:0'
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = fork(entry, [bind, await bend(address), String(HEARTBEAT_MS)], {
    execArgv: ['--conditions=@malstrom/source', '--import', loader],
  })
  children.push(child)
  const messages: Pair['messages'] = []
  child.on('message', (message: Pair['messages'][number]) => messages.push(message))
  await once(child, 'message')
  const there = await bend(messages[0]?.address ?? '')
  const transport = endpoints.transport(0, { heartbeatTimeoutMs: HEARTBEAT_MS, peers: new Map([[1, { address: there }]]), ...more })
  const link = new RecordedLink(transport, 1)
  await mustEcho(link, ['hello'])
  return { child, messages, transport, link }
}

async function mustEcho(link: RecordedLink, texts: readonly string[]): Promise<void> {
  const before = link.texts.length
  for (const text of texts) link.send(text)
  await vi.waitFor(() => expect(link.texts.length).toBe(before + texts.length), { timeout: 30_000, interval: 5 })
  expect(link.texts.slice(before)).toEqual(texts)
}

describe('a peer process', { timeout: 2 * START_MS }, () => {
  it.each(['ipc', 'tcp'] as const)('that is killed fails the link within the time of its heartbeats (%s)', async (network) => {
    const { child, link } = await pairOf(network)
    const start = performance.now()
    child.kill('SIGKILL')
    await vi.waitFor(() => expect(link.failures.length).toBe(1), { timeout: 30_000, interval: 10 })
    expect(link.failures[0]).toMatchObject({
      code: 'ERR_LINK_LOST',
      message: expect.stringContaining('nothing has come from it for 1000 ms'),
    })
    // Five to six heartbeats; more when the machine is busy.
    expect(performance.now() - start).toBeGreaterThan(HEARTBEAT_MS * 0.6)
    expect(performance.now() - start).toBeLessThan(HEARTBEAT_MS * 10)
  })

  it.each(['ipc', 'tcp'] as const)('that is killed fails the link at once, if nobody else can be at its address (%s)', async (network) => {
    const { child, link } = await pairOf(network, undefined, { heartbeatTimeoutMs: 60_000, refusedIsGone: true })
    child.kill('SIGKILL')
    await vi.waitFor(() => expect(link.failures.length).toBe(1), { timeout: 10_000, interval: 10 })
    expect(link.failures[0]?.message).toContain('nobody listens at its address any more')
  })

  it('that hangs fails the link, and learns of it when it goes on', async () => {
    const { child, messages, link } = await pairOf('ipc')
    child.kill('SIGSTOP')
    await vi.waitFor(() => expect(link.failures.length).toBe(1), { timeout: 30_000, interval: 10 })
    expect(link.failures[0]).toMatchObject({ code: 'ERR_LINK_LOST' })
    child.kill('SIGCONT')
    await vi.waitFor(() => expect(messages.at(-1)?.failed).toContain('The link to worker 0'), { timeout: 30_000 })
  })

  it('that hangs for a moment is forgiven', async () => {
    const { child, link } = await pairOf('ipc')
    child.kill('SIGSTOP')
    link.send('meanwhile')
    await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_MS / 5))
    child.kill('SIGCONT')
    await vi.waitFor(() => expect(link.texts.at(-1)).toBe('meanwhile'), { timeout: 30_000 })
    await mustEcho(link, ['afterwards'])
    expect(link.failures).toEqual([])
  })

  it('that closes in good order ends, and so does this one', async () => {
    const { child, transport, link } = await pairOf('ipc')
    child.send('close')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    await transport.close()
    expect(link.failures).toEqual([])
  })

  it('whose connections break again and again gets every frame once, in order', async () => {
    const wires = new Wires()
    try {
      const { link } = await pairOf('tcp', (address) => wires.around(address))
      for (let round = 0; round < 8; round++) {
        const texts = Array.from({ length: 400 }, (_, n) => `${round}.${n} ${'x'.repeat((n * 97) % 30_000)}`)
        setTimeout(() => wires.cut(), round * 3)
        await mustEcho(link, texts)
      }
      expect(wires.cuts).toBeGreaterThan(8)
      expect(link.failures).toEqual([])
    } finally {
      wires.close()
    }
  })
})

/** Connections that can be cut while bytes are on their way. */
class Wires {
  readonly #sockets = new Set<Socket>()
  readonly #servers: { close(): void }[] = []
  cuts = 0

  /** An address that leads to `address`. */
  async around(address: string): Promise<string> {
    const port = Number(address.split(':').at(-1))
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one)
        one.on('error', () => {})
        one.on('close', () => {
          this.#sockets.delete(one)
          other.destroy()
        })
      }
      near.pipe(far)
      far.pipe(near)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#servers.push(server)
    const bound = server.address()
    return `tcp://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
  }

  cut(): void {
    for (const socket of this.#sockets) {
      this.cuts++
      socket.destroy()
    }
  }

  close(): void {
    for (const server of this.#servers) server.close()
    this.cut()
  }
}
