import { errorOf } from '@malstrom/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { FAST } from './fixtures/endpoints.ts'
import { RecordedLink } from './fixtures/recorded-link.ts'
import { endpointAt, generateKeys, type Keys, type ZeromqEndpoint } from './index.ts'

const endpoints: ZeromqEndpoint[] = []
const lines: string[] = []

afterEach(() => {
  for (const endpoint of endpoints.splice(0)) endpoint.destroy()
  lines.length = 0
})

async function endpointOf(self: number | 'coordinator', keys?: Keys, allowed: readonly string[] = keys ? [keys.publicKey] : []) {
  const security = keys && { keys, allowed }
  const endpoint = await endpointAt({ self, towards: 'tcp://127.0.0.1:9', security, logger: (line) => lines.push(line) })
  endpoints.push(endpoint)
  return endpoint
}

/** A coordinator that knows nobody, and the peers that it has heard of. */
async function welcoming(keys?: Keys, allowed?: readonly string[]) {
  const endpoint = await endpointOf('coordinator', keys, allowed)
  const arrived: number[] = []
  const transport = endpoint.transport({ ...FAST, session: 'join', peers: new Map(), welcome: (peer) => arrived.push(peer as number) })
  return { address: endpoint.address, arrived, transport }
}

function introduced(endpoint: ZeromqEndpoint, address: string, publicKey: string | undefined) {
  const coordinator = { address, ...(publicKey === undefined ? {} : { publicKey }) }
  return endpoint.transport({ ...FAST, session: 'join', introduce: true, peers: new Map([['coordinator', coordinator]]) })
}

describe('a process that introduces itself', () => {
  it.each([false, true])('is welcome where that is wanted, and its links work both ways (keys: %s)', async (isSecure) => {
    const keys = isSecure ? generateKeys() : undefined
    const { address, arrived, transport } = await welcoming(keys)
    const there = new RecordedLink(introduced(await endpointOf(77, keys), address, keys?.publicKey), 'coordinator')
    there.send('hello')
    await vi.waitFor(() => expect(arrived).toEqual([77]), 30_000)
    const here = new RecordedLink(transport, 77)
    here.send('welcome')
    await vi.waitFor(() => expect([here.texts, there.texts]).toEqual([['hello'], ['welcome']]), 30_000)
  })

  it('may come again when it has left, without a trace of the first time', async () => {
    const { address, arrived, transport } = await welcoming()
    for (const times of [1, 2]) {
      const endpoint = await endpointOf(77)
      const there = new RecordedLink(introduced(endpoint, address, undefined), 'coordinator')
      there.send(`visit ${times}`)
      await vi.waitFor(() => expect(arrived).toHaveLength(times), 30_000)
      const here = new RecordedLink(transport, 77)
      await vi.waitFor(() => expect(here.texts).toEqual([`visit ${times}`]), 30_000)
      await endpoint.close()
      expect(here.failures).toEqual([])
    }
    expect(arrived).toEqual([77, 77])
  })

  it('is turned away where nobody is welcome', async () => {
    const coordinator = await endpointOf('coordinator')
    coordinator.transport({ ...FAST, session: 'join', peers: new Map() })
    const there = new RecordedLink(
      (await endpointOf(77)).transport({
        ...FAST,
        linkTimeoutMs: 1_500,
        session: 'join',
        introduce: true,
        peers: new Map([['coordinator', { address: coordinator.address }]]),
      }),
      'coordinator',
    )
    await vi.waitFor(() => expect(there.failures[0]).toMatchObject({ code: 'ERR_PEER_REFUSED' }), 30_000)
    expect(lines).toContain('the coordinator: Turned away worker 77: it does not know the address of this end yet.')
  })

  it('with a public key that may not connect is turned away, and nothing is sent to it', async () => {
    const [own, known] = [generateKeys(), generateKeys()]
    const { address, arrived } = await welcoming(own, [own.publicKey, known.publicKey])
    const foreign = generateKeys()
    const there = new RecordedLink(introduced(await endpointOf(77, foreign, [own.publicKey]), address, own.publicKey), 'coordinator')
    await vi.waitFor(() => expect(there.failures[0]).toMatchObject({ code: 'ERR_PEER_REFUSED' }), 30_000)
    expect(there.failures[0]?.message).toContain('does not accept the public key')
    expect(arrived).toEqual([])
    expect(lines).toContainEqual(expect.stringContaining('its public key is not one of those that may connect'))
    expect(lines).toContain('worker 77: There is no connection to the coordinator: it does not accept the public key of this endpoint.')
    expect(lines.join()).not.toContain(foreign.secretKey)
  })
})

describe('an endpoint that listens by default', () => {
  it('takes a free port of the interface that leads to whom it will talk to', async () => {
    const endpoint = await endpointOf(1)
    expect(endpoint.address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)
  })

  it('on every interface says which of them leads there', async () => {
    const security = { keys: generateKeys(), allowed: [] }
    const endpoint = await endpointAt({ self: 1, listen: 'tcp://0.0.0.0:0', towards: 'tcp://127.0.0.1:9', security, logger: () => {} })
    endpoints.push(endpoint)
    expect(endpoint.address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)
  })

  it('needs an address to talk to', async () => {
    const error = await errorOf(endpointAt({ self: 1, towards: 'somewhere', logger: () => {} }))
    expect(error).toMatchObject({ code: 'ERR_ADDRESS_INVALID', message: expect.stringContaining('tcp://host:port') })
  })
})
