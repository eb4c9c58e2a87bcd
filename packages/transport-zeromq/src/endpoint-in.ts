import { join } from 'node:path'
import type { PeerId } from '@malstrom/core'
import { type ZeromqEndpoint, zeromqEndpoint } from './zeromq-endpoint.ts'

/** An endpoint for processes of one machine, in a folder that only their user can enter: `processes` of the runtime calls it. */
export function endpointIn(folder: string, self: PeerId): Promise<ZeromqEndpoint> {
  return zeromqEndpoint({ self, bind: `ipc://${join(folder, `${self}.sock`)}`, logger: () => {} })
}
