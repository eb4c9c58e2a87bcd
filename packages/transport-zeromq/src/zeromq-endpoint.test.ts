import { connect } from 'node:net'
import type { Transport } from '@malstrom/core'
import { errorOf } from '@malstrom/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Dealer } from 'zeromq'
import { Endpoints, type Network } from './fixtures/endpoints.ts'
import { RecordedLink } from './fixtures/recorded-link.ts'
import { generateKeys, zeromqEndpoint } from './index.ts'

/** How long a busy machine may take. */
const PATIENCE_MS = 30_000
/** How long a link tries, where a peer says no in the meantime. */
const REFUSED_WITHIN_MS = 1_500

const open: Endpoints[] = []

afterEach(() => {
  for (const endpoints of open.splice(0)) endpoints.dispose()
})

async function endpointsOf(network: Network, isSecure = false): Promise<Endpoints> {
  const endpoints = new Endpoints(network, isSecure)
  open.push(endpoints)
  for (const self of [0, 1]) await endpoints.add(self)
  return endpoints
}

/** Two transports, and a link between them that works. */
async function connected(endpoints: Endpoints): Promise<{ first: Transport; second: Transport; there: RecordedLink; here: RecordedLink }> {
  const [first, second] = [endpoints.transport(0), endpoints.transport(1)]
  const [there, here] = [new RecordedLink(first, 1), new RecordedLink(second, 0)]
  await mustWork(there, here)
  return { first, second, there, here }
}

let texts = 0

async function mustWork(there: RecordedLink, here: RecordedLink): Promise<void> {
  const text = `text ${++texts}`
  there.send(text)
  await vi.waitFor(() => expect(here.texts.at(-1)).toBe(text), PATIENCE_MS)
  here.send(text)
  await vi.waitFor(() => expect(there.texts.at(-1)).toBe(text), PATIENCE_MS)
  expect([...there.failures, ...here.failures]).toEqual([])
}

async function mustFail(link: RecordedLink, code: string, text: string): Promise<void> {
  await vi.waitFor(() => expect(link.failures.length).toBeGreaterThan(0), PATIENCE_MS)
  expect(link.failures).toEqual([expect.objectContaining({ code, message: expect.stringContaining(text) })])
}

describe('an address', () => {
  it('has the port that was chosen', async () => {
    const endpoints = await endpointsOf('tcp')
    expect(endpoints.of(0).address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/)
    const advertised = await endpoints.add(2, { bind: 'tcp://0.0.0.0:0', allowInsecure: true, advertisedHost: 'example.test' })
    expect(advertised.address).toMatch(/^tcp:\/\/example\.test:[1-9]\d+$/)
  })

  it.each(['tcp', 'ipc'] as const)('that is in use is refused (%s), and the other endpoint goes on', async (network) => {
    const endpoints = await endpointsOf(network)
    const error = await errorOf(zeromqEndpoint({ self: 7, bind: endpoints.of(0).address }))
    expect(error).toMatchObject({ code: 'ERR_ADDRESS_IN_USE', message: expect.stringContaining(endpoints.of(0).address) })
    await connected(endpoints)
  })

  it('of a process that was killed can be used again', async () => {
    const endpoints = await endpointsOf('ipc')
    const { address } = endpoints.of(0)
    endpoints.of(0).destroy()
    await endpoints.add(0, { bind: address })
    await connected(endpoints)
  })

  it.each(['nonsense', 'tcp://127.0.0.1', 'udp://127.0.0.1:0', 'ipc://', 'ipc:///there/is/no/such/folder', `ipc:///${'x'.repeat(200)}`])(
    'that is none is refused: %s',
    async (bind) => {
      expect(await errorOf(zeromqEndpoint({ self: 0, bind }))).toMatchObject({ code: 'ERR_ADDRESS_INVALID' })
    },
  )

  it.each(['tcp://0.0.0.0:0', 'tcp://*:0', 'tcp://192.0.2.7:4000', 'tcp://example.test:4000', 'tcp://127.0.0.1.example.test:4000'])(
    'that others can reach needs keys: %s',
    async (bind) => {
      expect(await errorOf(zeromqEndpoint({ self: 0, bind }))).toMatchObject({ code: 'ERR_TRANSPORT_INSECURE' })
    },
  )

  it('that others can reach is taken with keys', async () => {
    const endpoint = await zeromqEndpoint({ self: 0, bind: 'tcp://0.0.0.0:0', security: { keys: generateKeys(), allowed: [] } })
    await endpoint.close()
  })

  it('and options that make no sense are refused', async () => {
    const bind = 'tcp://127.0.0.1:0'
    const keys = generateKeys()
    for (const options of [
      { self: -1, bind },
      { self: 0, bind, frameBytesMax: 0 },
      { self: 0, bind, port: 3 },
      { self: 0, bind, security: { keys: { ...keys, secretKey: 'my secret' }, allowed: [] } },
      { self: 0, bind, security: { keys, allowed: ['nobody'] } },
    ]) {
      const error = await errorOf(zeromqEndpoint(options))
      expect(error).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT' })
      expect(String(error)).not.toContain('my secret')
    }
  })
})

describe('a session', () => {
  it('that differs is turned away, with a line in the log, and the running one goes on', async () => {
    const endpoints = await endpointsOf('ipc')
    const { there, here } = await connected(endpoints)
    const other = new RecordedLink(endpoints.transport(0, { session: 'another job', linkTimeoutMs: REFUSED_WITHIN_MS }), 1)
    other.send('lost')
    await mustFail(other, 'ERR_PEER_REFUSED', 'the session "another job" is not open here')
    expect(endpoints.lines).toEqual(['worker 1: Turned away worker 0: the session "another job" is not open here.'])
    await mustWork(there, here)
  })

  it('that is over turns late ends away at once, and cannot be opened again', async () => {
    const endpoints = await endpointsOf('ipc')
    const { second, first } = await connected(endpoints)
    await second.close()
    await endpoints.add(2)
    const zombie = new RecordedLink(endpoints.transport(2), 1)
    await mustFail(zombie, 'ERR_PEER_REFUSED', 'the session "generation 1" is over')
    await first.close()
    expect(await errorOf((async () => endpoints.transport(1))())).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT' })
  })

  it('that is over for one end can be opened there again as somebody else, whom late ends of the first one do not reach', async () => {
    const endpoints = await endpointsOf('ipc')
    const peers = (peer: unknown) => endpoints.addressOf(peer === 7 ? 1 : (peer as number))
    const first = endpoints.transport(0, { peers })
    const second = endpoints.transport(1)
    await mustWork(new RecordedLink(first, 1), new RecordedLink(second, 0))
    second.destroy()
    const again = endpoints.transport(1, { self: 7 })
    await mustWork(new RecordedLink(first, 7), new RecordedLink(again, 0))
    await endpoints.add(2)
    const late = new RecordedLink(endpoints.transport(2), 1)
    await mustFail(late, 'ERR_PEER_REFUSED', 'the session "generation 1" is over')
    expect(await errorOf((async () => endpoints.transport(1))())).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT' })
  })

  it('may run beside another one, and each goes on without the other', async () => {
    const endpoints = await endpointsOf('tcp')
    const old = await connected(endpoints)
    const next = { session: 'generation 2' }
    const [there, here] = [new RecordedLink(endpoints.transport(0, next), 1), new RecordedLink(endpoints.transport(1, next), 0)]
    await mustWork(there, here)
    await mustWork(old.there, old.here)
    await Promise.all([old.first.close(), old.second.close()])
    await mustWork(there, here)
    expect(old.there.failures).toEqual([])
  })

  it('may start at different times, and learn of a peer later', async () => {
    const endpoints = await endpointsOf('ipc')
    const first = endpoints.transport(0, { peers: new Map() })
    const there = new RecordedLink(first, 1)
    there.send('early')
    const here = new RecordedLink(endpoints.transport(1), 0)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(here.texts).toEqual([])
    first.addPeer(1, endpoints.addressOf(1) ?? { address: '' })
    await vi.waitFor(() => expect(here.texts).toEqual(['early']), PATIENCE_MS)
    await mustWork(there, here)
  })
})

describe('a peer', () => {
  it('that never comes fails the link, with what it waited for', async () => {
    const endpoints = await endpointsOf('tcp')
    const nowhere = new Map([[1, { address: 'tcp://127.0.0.1:1' }]])
    const link = new RecordedLink(endpoints.transport(0, { peers: nowhere, linkTimeoutMs: 300 }), 1)
    await mustFail(link, 'ERR_LINK_LOST', 'worker 1 at tcp://127.0.0.1:1 is lost: it has not opened its end within 300 ms')
    const unknown = new RecordedLink(endpoints.transport(0, { session: 's', peers: new Map(), linkTimeoutMs: 300 }), 1)
    await mustFail(unknown, 'ERR_LINK_LOST', 'worker 1, whose address is not known')
  })

  it('that is somebody else is turned away', async () => {
    const endpoints = await endpointsOf('ipc')
    await endpoints.add(2)
    const mixedUp = new Map([[2, { address: endpoints.of(1).address }]])
    const link = new RecordedLink(endpoints.transport(0, { peers: mixedUp, linkTimeoutMs: REFUSED_WITHIN_MS }), 2)
    await mustFail(link, 'ERR_PEER_REFUSED', 'it looks for worker 2, and this is worker 1')
  })

  it('that was started again fails the link at once', async () => {
    const endpoints = await endpointsOf('ipc')
    const { there } = await connected(endpoints)
    const { address } = endpoints.of(1)
    endpoints.of(1).destroy()
    await endpoints.add(1, { bind: address })
    endpoints.transport(1, { session: 'generation 2' })
    await mustFail(there, 'ERR_LINK_LOST', 'it may have been started again')
  })

  it.each(['tcp', 'ipc'] as const)('with the wrong key is turned away (%s), and the others go on', async (network) => {
    const endpoints = await endpointsOf(network, true)
    const { there, here } = await connected(endpoints)
    const intruder = new Endpoints(network, true)
    open.push(intruder)
    await intruder.add(5)
    const link = new RecordedLink(intruder.transport(5, { peers: () => endpoints.addressOf(1) }), 1)
    await mustFail(link, 'ERR_PEER_REFUSED', 'does not accept the public key')
    expect(endpoints.lines.join('\n')).toContain('its public key is not one of those that may connect')
    await mustWork(there, here)
  })

  it('without keys is turned away by one with keys', async () => {
    const endpoints = await endpointsOf('tcp', true)
    const { there, here } = await connected(endpoints)
    const plain = await endpointsOf('tcp')
    const link = new RecordedLink(plain.transport(0, { peers: () => endpoints.addressOf(1), linkTimeoutMs: REFUSED_WITHIN_MS }), 1)
    await mustFail(link, 'ERR_PEER_REFUSED', 'only one end has keys')
    await mustWork(there, here)
  })

  it('that answers at the right address with the wrong key is not taken for the one that was meant', async () => {
    const endpoints = await endpointsOf('tcp', true)
    const here = new RecordedLink(endpoints.transport(1), 0)
    const peers = () => ({ address: endpoints.of(1).address, publicKey: generateKeys().publicKey })
    const link = new RecordedLink(endpoints.transport(0, { peers, linkTimeoutMs: 500 }), 1)
    link.send('a secret')
    await vi.waitFor(() => expect(link.failures.length).toBe(1), PATIENCE_MS)
    expect(here.texts).toEqual([])
    const keyless = () => ({ address: endpoints.of(1).address })
    const other = new RecordedLink(endpoints.transport(0, { session: 's', peers: keyless }), 1)
    await mustFail(other, 'ERR_OPERATOR_ARGUMENT', 'the public key of worker 1')
  })

  it('that pretends to be another is not taken for it, though its own key may connect', async () => {
    const endpoints = await endpointsOf('tcp', true)
    const impostor = new Endpoints('tcp', true)
    open.push(impostor)
    await impostor.add(0)
    endpoints.of(1).allow(impostor.addressOf(0)?.publicKey ?? '')
    const here = new RecordedLink(endpoints.transport(1), 0)
    const lie = new RecordedLink(impostor.transport(0, { peers: () => endpoints.addressOf(1) }), 1)
    lie.send('from somebody else')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(here.texts).toEqual([])
    // What worker 1 answers goes to where worker 0 is, so only that one can say that it has read it.
    const there = new RecordedLink(endpoints.transport(0), 1)
    await mustWork(there, here)
    expect(here.texts).not.toContain('from somebody else')
  })
})

describe('strangers', () => {
  it('that send garbage do no harm', async () => {
    const endpoints = await endpointsOf('tcp')
    const { there, here } = await connected(endpoints)
    const port = Number(endpoints.of(1).address.split(':').at(-1))
    const sockets = Array.from({ length: 20 }, (_, n) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      const garbage = Buffer.from(Array.from({ length: 5_000 }, (_, at) => (at * at * (n + 3) + n * 31) & 255))
      socket.write(n === 0 ? 'GET / HTTP/1.1\r\nHost: example.test\r\n\r\n' : garbage)
      return socket
    })
    for (let n = 0; n < 10; n++) await mustWork(there, here)
    for (const socket of sockets) socket.destroy()
    await mustWork(there, here)
  })

  it('that speak ZeroMQ and not this protocol do no harm, and are logged once', async () => {
    const endpoints = await endpointsOf('tcp')
    const { there, here } = await connected(endpoints)
    const stranger = new Dealer({ linger: 0 })
    stranger.connect(endpoints.of(1).address)
    for (let n = 0; n < 9; n++) {
      await stranger.send(Buffer.alloc(n * 7, n))
      await stranger.send([Buffer.from('M'), Buffer.alloc(30)])
      await stranger.send(Buffer.concat([Buffer.from([0x4d, 1, 1, 0]), Buffer.alloc(n * 4, 255)])) // Something like a hello.
      await stranger.send(Buffer.concat([Buffer.from([0x4d, 1, 2 + (n % 4), 0]), Buffer.alloc(18, n)])) // For a link that nobody has.
    }
    await vi.waitFor(() => expect(endpoints.lines.length).toBeGreaterThan(2), PATIENCE_MS)
    await mustWork(there, here)
    stranger.close()
    expect(endpoints.lines.length).toBeLessThan(8)
    expect(endpoints.lines.join('\n')).toContain('Turned away a peer: it does not speak the protocol.')
  })
})

describe('a frame', () => {
  it('that is too large is refused by send, and the link goes on', async () => {
    const endpoints = new Endpoints('ipc')
    open.push(endpoints)
    for (const self of [0, 1]) await endpoints.add(self, { frameBytesMax: 100_000 })
    const { there, here } = await connected(endpoints)
    expect(await errorOf((async () => there.link.send(new Uint8Array(100_001)))())).toMatchObject({ code: 'ERR_FRAME_TOO_LARGE' })
    expect(there.link.queuedBytes).toBe(0)
    there.link.send(new Uint8Array(100_000))
    await vi.waitFor(() => expect(here.texts.at(-1)?.length).toBe(100_000), PATIENCE_MS)
    await mustWork(there, here)
  })

  it('that is too large for the other end is refused too, also when it was sent before the ends met', async () => {
    const endpoints = new Endpoints('ipc')
    open.push(endpoints)
    await endpoints.add(0, { frameBytesMax: 200_000 })
    await endpoints.add(1, { frameBytesMax: 1_000 })
    const [first, second] = [endpoints.transport(0), endpoints.transport(1)]
    const early = new RecordedLink(first, 1)
    early.link.send(new Uint8Array(200_000))
    new RecordedLink(second, 0)
    await mustFail(early, 'ERR_FRAME_TOO_LARGE', 'larger than the 1000 bytes that it takes')
  })

  it('after too many others that nobody takes fails the link', async () => {
    const endpoints = await endpointsOf('ipc')
    const first = endpoints.transport(0, { queuedBytesMax: 10_000 })
    const link = new RecordedLink(first, 1)
    for (let n = 0; n < 11; n++) link.link.send(new Uint8Array(1_000))
    await mustFail(link, 'ERR_LINK_LOST', 'senders must stop when queuedBytes grows')
    expect(link.link.queuedBytes).toBe(0)
  })
})
