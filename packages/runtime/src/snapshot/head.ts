import { type Generation, MalstromError, type SnapshotVersion } from '@malstrom/core'

const FORMAT = 1

/** The one object that says which snapshots of a job count, and which start of the job may add to them. */
export interface Head {
  readonly format: number
  readonly job: string
  readonly generation: Generation
  /** Oldest first. */
  readonly snapshots: readonly HeadEntry[]
}

export interface HeadEntry {
  readonly version: SnapshotVersion
  readonly generation: Generation
  /** Where the manifest is. */
  readonly path: string
  readonly takenAtMs: number
  readonly finished: boolean
}

/** The path of the head in the scope of manifests. */
export const HEAD_PATH = 'head.json'

/** The scope of the head and the manifests. */
export const MANIFEST_SCOPE = 'manifest'

export function newHead(job: string): Head {
  return { format: FORMAT, job, generation: 0, snapshots: [] }
}

export function encodeHead(head: Head): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(head, undefined, 2)}\n`)
}

/** @throws MalstromError `ERR_STATE_LOCATION` if it is not a head, or of a newer format. */
export function decodeHead(bytes: Uint8Array): Head {
  const head = parse(bytes)
  if (typeof head !== 'object' || head === null || typeof head.format !== 'number' || !Array.isArray(head.snapshots)) {
    throw new MalstromError(
      'ERR_STATE_LOCATION',
      `The object "${HEAD_PATH}" was not written by Malstrom, or is damaged. Give the job another location.`,
    )
  }
  if (head.format > FORMAT) {
    throw new MalstromError(
      'ERR_STATE_LOCATION',
      `The state was written by a newer version of Malstrom (format ${head.format}; this one reads ${FORMAT}). Update Malstrom.`,
    )
  }
  return head as Head
}

function parse(bytes: Uint8Array): Partial<Head> | null {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    // What is no JSON is no head.
    return null
  }
}

/** Refuses the state of another job. */
export function checkJob(head: Head, job: string): void {
  if (head.job === job) return
  throw new MalstromError(
    'ERR_STATE_LOCATION',
    `The state location belongs to job "${head.job}"; this is job "${job}". Give each job a location of its own.`,
    { context: { job } },
  )
}
