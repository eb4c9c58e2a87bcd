// #region transport
import { transportSuite } from '@malstrom/testing'
import { zeromqEndpoint } from '@malstrom/transport-zeromq'

transportSuite('zeromqEndpoint', {
  // Before every check: two ends that know each other.
  async create() {
    const bind = 'tcp://127.0.0.1:0'
    const [first, second] = [await zeromqEndpoint({ self: 0, bind }), await zeromqEndpoint({ self: 1, bind })]
    const options = { session: 'test', heartbeatTimeoutMs: 500, peers: (peer: unknown) => (peer === 0 ? first : second) }
    return {
      first: { peer: 0, transport: first.transport(options) },
      second: { peer: 1, transport: second.transport(options) },
      kill: () => second.destroy(), // as a crash would
      dispose: () => Promise.all([first.close(), second.close()]).then(() => {}), // after every check
    }
  },
})
// #endregion
