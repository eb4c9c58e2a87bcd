import { transportSuite } from '@malstrom/testing'
import { Endpoints, type Network } from './fixtures/endpoints.ts'

const networks: readonly Network[] = ['ipc', 'tcp']

for (const network of networks)
  for (const isSecure of [false, true])
    transportSuite(`ZeroMQ over ${network} ${isSecure ? 'with' : 'without'} keys`, {
      async create() {
        const endpoints = new Endpoints(network, isSecure)
        await endpoints.add(0)
        await endpoints.add('coordinator')
        return {
          first: { peer: 0, transport: endpoints.transport(0) },
          second: { peer: 'coordinator', transport: endpoints.transport('coordinator') },
          kill: () => endpoints.of('coordinator').destroy(),
          dispose: () => endpoints.dispose(),
        }
      },
    })
