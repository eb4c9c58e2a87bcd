import { type Key, MalstromError, type OperatorNode, type ReadableObjectStore, type WorkerId } from '@malstrom/core'
import { decodeColumns } from '../codec/columns.ts'
import { isSameKind, kindOf } from '../state/key-kind.ts'
import { KeyedCells } from '../state/keyed-cells.ts'
import { attribute, show } from '../worker/failure.ts'
import { damaged, unsealed } from './checksum.ts'
import type { SegmentRef, StateSnapshot } from './snapshot.ts'
import { stateFormOf } from './state-form.ts'

/** Segments that are fetched ahead of the one that is being decoded. */
const READ_AHEAD = 4

export interface LoadOptions {
  readonly job: string
  readonly version: number
  /** Reads the scope of a worker. */
  scope(name: string): Promise<ReadableObjectStore>
  within<T>(what: string, promise: Promise<T>): Promise<T>
  /** Operators whose keys may be of another kind than the saved ones. @default none */
  readonly allowMixedKeys?: readonly string[]
}

/** The states of an operator as they were when a snapshot was taken: of all keys, or of those that `isMine` names, given the key and who wrote it. */
export async function loadCells(
  node: OperatorNode,
  state: StateSnapshot,
  options: LoadOptions,
  isMine?: (key: Key, writer: WorkerId) => boolean,
): Promise<KeyedCells<Key, unknown>> {
  const cells = new KeyedCells<Key, unknown>()
  const form = stateFormOf(node.state ?? {})
  if (isMine === undefined) cells.reserve(state.keys)
  const kinds = new SavedKinds()
  await eachSegment(state, node.name, options, (rows) => {
    for (let i = 0; i < rows.keys.length; i++) {
      const key = rows.keys[i] as Key
      if (isMine !== undefined && !isMine(key, rows.worker)) continue
      kinds.add(key)
      if (rows.removed?.[i] === true) cells.restoreRemoval(key)
      else
        cells.restore(
          key,
          unpacked(node, options.job, key, () => form.unpack(rows.states[i], state.version)),
          rows.isFirst,
        )
    }
  })
  const like = kinds.only
  if (like !== undefined && cells.size > 0 && options.allowMixedKeys?.includes(node.name) !== true) {
    cells.expect({
      like,
      refuse: (key) => {
        throw otherKeys(node, options, like, key)
      },
    })
  }
  return cells
}

/** Whether all keys of a snapshot are made of the same types. */
class SavedKinds {
  #first: Key | undefined
  #mixed = false

  add(key: Key): void {
    if (this.#first === undefined) this.#first = key
    else if (!this.#mixed && !isSameKind(this.#first, key)) this.#mixed = true
  }

  /** One of the keys, if they are. */
  get only(): Key | undefined {
    return this.#mixed ? undefined : this.#first
  }
}

function otherKeys({ name }: OperatorNode, { job, version }: LoadOptions, saved: Key, key: Key): MalstromError {
  return new MalstromError(
    'ERR_SNAPSHOT_MISMATCH',
    `Job "${job}" does not fit snapshot ${version}: the keys of operator "${name}" were ${kindOf(saved)} (${show(saved)}), and the first one now is ${kindOf(key)} (${show(key)}), ` +
      'so its states would never be found. Keep the keys as they were, or give the operator another name to begin without them. ' +
      `If it may have keys of several kinds: allowMixedKeys: ['${name}'].`,
    { context: { job, operator: name, key } },
  )
}

/** Rows of a segment, as they were encoded. */
export interface StoredRows {
  readonly keys: readonly unknown[]
  readonly states: readonly unknown[]
  readonly removed: readonly unknown[] | undefined
  /** Whether they belong to the first part, in which each key occurs once. */
  readonly isFirst: boolean
  /** The worker that wrote them. */
  readonly worker: WorkerId
}

/** Reads states of an operator; of each worker the oldest part first. */
export async function eachSegment(
  { chains }: Pick<StateSnapshot, 'chains'>,
  operator: string,
  options: LoadOptions,
  use: (rows: StoredRows) => void,
): Promise<void> {
  const segments = chains.flatMap(({ parts }) => parts.flatMap((part) => part.segments))
  const workerOf = new Map(
    chains.flatMap(({ worker, parts }) => parts.flatMap((part) => part.segments.map((segment) => [segment, worker] as const))),
  )
  const first = new Set(chains.flatMap(({ parts }) => parts[0]?.segments ?? []))
  const fetched: Promise<Uint8Array>[] = []
  for (let i = 0; i < segments.length; i++) {
    while (fetched.length < Math.min(i + READ_AHEAD, segments.length)) {
      const fetching = fetchSegment(segments[fetched.length] as SegmentRef, operator, options)
      // Whoever waits for it hears of it.
      fetching.catch(() => {})
      fetched.push(fetching)
    }
    const segment = segments[i] as SegmentRef
    const what = nameOf(segment, operator, options)
    const bytes = await (fetched[i] as Promise<Uint8Array>)
    const isFirst = first.has(segment)
    const worker = workerOf.get(segment) as WorkerId
    for (const block of unsealed(bytes, what)) use({ ...rowsOf(block, what), isFirst, worker })
  }
}

async function fetchSegment(segment: SegmentRef, operator: string, options: LoadOptions): Promise<Uint8Array> {
  const what = nameOf(segment, operator, options)
  const store = await options.scope(segment.scope)
  const object = await options.within(`read "${segment.path}"`, store.get(segment.path))
  if (object === undefined) throw damaged(what, 'it is gone')
  if (object.bytes.length !== segment.bytes) throw damaged(what, `it has ${object.bytes.length} bytes, not ${segment.bytes}`)
  return object.bytes
}

function rowsOf(block: Uint8Array, what: string): Pick<StoredRows, 'keys' | 'states' | 'removed'> {
  try {
    const [keys = [], states = [], removed] = decodeColumns(block)
    return { keys, states, removed }
  } catch (error) {
    if (error instanceof MalstromError && error.code === 'ERR_DATA_CORRUPT') throw damaged(what, error.message)
    throw error
  }
}

function unpacked(node: OperatorNode, job: string, key: Key, unpack: () => unknown): unknown {
  try {
    return unpack()
  } catch (error) {
    throw attribute(error, node, job, key)
  }
}

function nameOf({ path }: SegmentRef, operator: string, { version, job }: LoadOptions): string {
  return `Segment "${path}" of operator "${operator}" in snapshot ${version} of job "${job}"`
}
