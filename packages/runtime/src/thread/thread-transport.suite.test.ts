import { transportSuite } from '@malstrom/testing'
import { createEnds } from './ends.ts'
import { ThreadTransport } from './thread-transport.ts'

for (const ringBytes of [2 ** 20, 1_024]) {
  transportSuite(`a transport over rings of ${ringBytes} bytes`, {
    create() {
      const [there, back] = createEnds(ringBytes)
      const first = { peer: 0, transport: new ThreadTransport() }
      const second = { peer: 1, transport: new ThreadTransport() }
      first.transport.addPeer(1, there)
      second.transport.addPeer(0, back)
      // A thread that ends takes its ports with it.
      return { first, second, kill: () => back.port.close() }
    },
  })
}
