import type { PeerId } from '@malstrom/core'
import type { WorkerData } from '../host/worker-surroundings.ts'

/** How long a process may be silent: one that imports a large job says nothing meanwhile. */
export const PROCESS_SILENCE_MS = 20_000

/** What a process is told first. */
export interface ProcessData extends WorkerData {
  readonly id: number
  /** The folder of the addresses of all processes of the job. */
  readonly folder: string
  readonly session: string
  /** The module of the transport package. */
  readonly transport: string
}

/** What the process that has started the others tells them. */
export type ProcessMessage =
  | { readonly kind: 'start'; readonly data: ProcessData }
  | { readonly kind: 'peer'; readonly peer: PeerId; readonly address: string }

/** What a process answers. */
export interface ProcessAnswer {
  readonly address?: string
  /** Why it could not begin. */
  readonly problem?: string
}
