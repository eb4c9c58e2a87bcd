import type { SnapshotVersion } from '@malstrom/core'
import { Edge } from '../exchange/edge.ts'
import { SinkStation } from '../sink/sink-station.ts'
import { SourceStation } from '../source/source-station.ts'
import { CellsSave } from '../state/cells-save.ts'
import { KeyedCells } from '../state/keyed-cells.ts'
import { Worker } from '../worker/worker.ts'
import { SegmentWriter } from './segment-writer.ts'
import type { SinkSnapshot, Snapshot, WorkerSnapshot } from './snapshot.ts'
import { SnapshotLog } from './snapshot-log.ts'

/** Mistakes that the simulator must find: each is put into the production code and taken out again. */
export const plantedBugs: Readonly<Record<string, () => () => void>> = {
  'the snapshot counts before its segments are durable': () => planted(SegmentWriter.prototype, 'durable', () => async () => {}),

  'a state that changes while the snapshot is written is saved as it is afterwards': () =>
    planted(CellsSave.prototype, 'beforeChange', () => () => {}),

  'a barrier overtakes the records in front of it': () => {
    const overtaken = new WeakMap<Edge, ReturnType<Edge['take']>[]>()
    return planted(Edge.prototype, 'take', (original) => {
      return function (this: Edge) {
        const waiting = overtaken.get(this) ?? []
        overtaken.set(this, waiting)
        for (let item = original.call(this); item !== undefined; item = original.call(this)) {
          if ('barrier' in item) return item
          waiting.push(item)
        }
        return waiting.shift()
      }
    })
  },

  'the position of a source is one too far': () => positions((position) => position + 1),
  'the position of a source is one too early': () => positions((position) => Math.max(0, position - 1)),

  'a sink commits before the snapshot counts': () =>
    planted(SinkStation.prototype, 'precommit', (original) => {
      return async function (this: SinkStation, version: SnapshotVersion) {
        const staged = await original.call(this, version)
        await this.commit(version)
        return staged
      }
    }),

  'what was staged for the restored snapshot is not committed': () =>
    planted(SinkStation.prototype, 'restore', (original) => {
      return async function (this: SinkStation, version: SnapshotVersion) {
        const commit = this.commit
        this.commit = async () => {}
        await original.call(this, version)
        this.commit = commit
      }
    }),

  'a sink takes its snapshot without flushing': () =>
    planted(SinkStation.prototype, 'precommit', () => {
      return async function (this: SinkStation): Promise<SinkSnapshot> {
        return { sink: this.node.name, written: this.written, frontier: this.frontier, partitions: [] }
      }
    }),

  'sinks are not told that a snapshot counts': () => planted(Worker.prototype, 'committed', () => async () => {}),

  'a forgotten key comes back with the snapshot': () =>
    planted(CellsSave.prototype, 'take', (original) => {
      return function (this: CellsSave<never, unknown>, limit: number) {
        const rows = original.call(this, limit)
        if (!rows.hasRemoved) return rows
        const kept = rows.removed.flatMap((removed: boolean, index: number) => (removed ? [] : [index]))
        return {
          keys: kept.map((index: number) => rows.keys[index]),
          states: kept.map((index: number) => rows.states[index]),
          removed: kept.map(() => false),
          hasRemoved: false,
        }
      }
    }),

  'a state that was changed once is never taken as changed again': () =>
    planted(KeyedCells.prototype, 'takeSnapshot', (original) => {
      return function (this: KeyedCells<never, unknown>, whole: boolean, form: never) {
        const save = original.call(this, whole, form)
        this.cell = (key) => {
          const known = [...this].find(([other]) => other === key)
          const cell = KeyedCells.prototype.cell.call(this, key)
          if (known !== undefined) Object.assign(cell, { savedIn: cell.changedIn })
          return cell as never
        }
        return save
      }
    }),

  'frontiers of operators are not restored': () =>
    contributions((taken) => ({ ...taken, operators: taken.operators.map((operator) => ({ ...operator, own: undefined })) })),

  'frontiers of merged streams are not restored': () => contributions((taken) => ({ ...taken, inputs: [] })),

  'an earlier start can commit': () =>
    planted(SnapshotLog.prototype, 'commit', (original) => {
      return async function (this: SnapshotLog, snapshot: Snapshot) {
        try {
          await original.call(this, snapshot)
        } catch (error) {
          if ((error as { code?: string }).code !== 'ERR_FENCED') throw error
          // As if nobody had taken over: the start goes on and makes visible what it has staged.
        }
      }
    }),

  'segments are removed although a snapshot refers to them': () =>
    planted(SnapshotLog.prototype, 'removeLeftovers', (original) => {
      return async function (this: SnapshotLog, scopes: readonly string[]) {
        const kept = Object.getOwnPropertyDescriptor(SnapshotLog.prototype, 'snapshots')
        Object.defineProperty(SnapshotLog.prototype, 'snapshots', { configurable: true, get: () => [] })
        try {
          await original.call(this, scopes)
        } finally {
          if (kept !== undefined) Object.defineProperty(SnapshotLog.prototype, 'snapshots', kept)
        }
      }
    }),
}

// biome-ignore lint/suspicious/noExplicitAny: any method of any class
type Method = (this: any, ...args: any[]) => any

/** Puts another method in the place of one of the production code; the result puts it back. */
function planted<C extends object, N extends keyof C>(prototype: C, name: N, make: (original: C[N] & Method) => Method): () => void {
  const original = prototype[name]
  prototype[name] = make(original as C[N] & Method) as C[N]
  return () => {
    prototype[name] = original
  }
}

function positions(change: (position: number) => number): () => void {
  return planted(SourceStation.prototype, 'snapshot', (original) => {
    return function (this: SourceStation) {
      return original
        .call(this)
        .map((partition: { position: number; finished: boolean }) =>
          partition.finished ? partition : { ...partition, position: change(partition.position) },
        )
    }
  })
}

function contributions(change: (taken: WorkerSnapshot) => WorkerSnapshot): () => void {
  return planted(Worker.prototype, 'snapshot', (original) => {
    return async function (this: Worker, ...args: unknown[]) {
      return change(await original.apply(this, args))
    }
  })
}
