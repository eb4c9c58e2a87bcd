import { MalstromError, type PersistenceBackend } from '@malstrom/core'
import { decodeHead, HEAD_PATH, MANIFEST_SCOPE } from '../snapshot/head.ts'
import type { WorkerSpec } from '../worker/start-worker.ts'

/**
 * What a worker saves must be where the coordinator finds it. A path that means another folder on this machine would lose it, so the worker looks
 * for what the coordinator has just written. @throws MalstromError `ERR_STATE_LOCATION`
 */
export async function checkSharedState(job: string, backend: PersistenceBackend, { generation, snapshot }: WorkerSpec): Promise<void> {
  const store = await backend.read(MANIFEST_SCOPE)
  try {
    const object = await store.get(HEAD_PATH)
    const head = object && decodeHead(object.bytes)
    const isKnown = ({ version, takenAtMs }: { version: number; takenAtMs: number }) =>
      version === snapshot?.version && takenAtMs === snapshot.takenAtMs
    if (head?.generation === generation && (snapshot === undefined || head.snapshots.some(isKnown))) return
  } finally {
    await store.close()
  }
  throw new MalstromError(
    'ERR_STATE_LOCATION',
    `This process keeps the state of job "${job}" elsewhere than the coordinator: what that has written is not there. The same path must lead to the same place on every machine and from every working directory; use S3, or a disk that all machines share.`,
    { context: { job } },
  )
}
