import { assert, type Key, type RestoreShare, type WorkerId } from '@malstrom/core'
import type { Route } from '../compile/exchange-points.ts'
import type { Reroute } from '../snapshot/barrier.ts'
import { keyRouteOf } from '../snapshot/keyed-by.ts'
import { stateFormOf } from '../snapshot/state-form.ts'
import { CellIndex } from '../state/cell-index.ts'
import type { CellsExtraction, LeavingRows } from '../state/cells-extraction.ts'
import type { OpenOperator } from '../worker/open-operator.ts'
import { Columns } from './columns.ts'
import type { Frame } from './frame.ts'
import type { HandoffAnswer, HandoffAsk, HandoffDone, HandoffLink, HandoffRows } from './handoff-link.ts'
import { HeldRecords } from './held-records.ts'
import { ownerOf } from './routing.ts'

/** Cells that are looked at in one slice. What is asked for waits for one. */
const SLICE_CELLS = 512

/** Of what others go on with, a new worker takes nothing. */
const NOTHING: RestoreShare = { inputEnded: false, ownsSaved: () => false, ownsKey: () => false }

/** Rows that are sent together. */
const BLOCK_ROWS_MAX = 512

/** Records that may be held until states arrive; then the task reads no more. */
export const HELD_RECORDS_MAX = 65_536

export interface HandoffOptions {
  readonly self: WorkerId
  readonly reroute: Reroute
  /** The operators of the task. */
  readonly operators: readonly OpenOperator[]
  /** How records have found this task; `undefined` if none of its operators has state that moves. */
  readonly route: Route | undefined
  /** The workers that were there before and still are, or leave: those that send something. */
  linkOf(worker: WorkerId): HandoffLink
  /** How this task stood at the marker. */
  readonly standing: Omit<HandoffDone, 'version'>
  readonly keyed: boolean
}

interface Leaving {
  readonly to: WorkerId
  readonly rows: HandoffRows
}

/**
 * One task of one worker during a rescale, from the marker on: gives the states of keys that have moved to
 * their new owners, and takes in those that have moved here. Records of keys whose state has not come
 * yet are held, and their states are asked for, so that they come before all others. Laws: no record meets
 * its state before the state is there; the records of a key stay in order; nothing is held when it is complete.
 */
export class Handoff {
  readonly #options: HandoffOptions
  /** Old workers that have not handed over everything yet. */
  readonly #missing: Set<WorkerId>
  readonly #held = new HeldRecords()
  /** Keys of which everything has come, because it was asked for. */
  readonly #answered = new CellIndex<{ readonly key: Key }>()
  readonly #dones: HandoffDone[] = []
  readonly #extractions: { readonly operator: number; readonly extraction: CellsExtraction<Key, unknown> }[]
  /** The operators with states that move. */
  readonly #stores: readonly OpenOperator[]
  /** Rows that have been taken out and wait for room on their link. */
  #leaving: Leaving[] = []
  #handedOver = false
  #awaitsReplicas: boolean
  /** What may go on, because its state has come. */
  readonly #released: Frame[] = []

  constructor(options: HandoffOptions) {
    const { self, reroute, operators } = options
    this.#options = options
    this.#missing = new Set(reroute.to.includes(self) ? reroute.from.filter((worker) => worker !== self) : [])
    this.#awaitsReplicas = this.isNew && operators.some(({ fused }) => fused.replicated)
    this.#stores = operators.filter(({ cells, node }) => cells !== undefined && keyRouteOf(node) !== undefined)
    this.#extractions = operators.flatMap(({ cells, node }, operator) => {
      const route = keyRouteOf(node)
      if (cells === undefined || route === undefined || !reroute.from.includes(self)) return []
      const form = stateFormOf(node.state ?? {})
      const newOwner = (key: Key) => ownerOf(route, key, reroute.to)
      return [{ operator, extraction: cells.extract({ self, ownerOf: newOwner, pack: (state) => form.pack(state) }) }]
    })
  }

  /** Whether this worker is there after the rescale. */
  get stays(): boolean {
    return this.#options.reroute.to.includes(this.#options.self)
  }

  /** Whether this worker was not there before it. */
  get isNew(): boolean {
    return !this.#options.reroute.from.includes(this.#options.self)
  }

  /** Whether no record may come yet, because a new worker does not know what all others know. */
  get awaitsReplicas(): boolean {
    return this.#awaitsReplicas
  }

  /** Whether everything has been given, taken and released. */
  get complete(): boolean {
    return this.#handedOver && this.#missing.size === 0 && this.#released.length === 0
  }

  /** Whether so much is held that nothing more should be read. */
  get full(): boolean {
    return this.#held.count >= HELD_RECORDS_MAX
  }

  /** How the old workers stood at the marker. */
  get dones(): readonly HandoffDone[] {
    return this.#dones
  }

  /** A new worker's operators go on from where those of the others stood. */
  adopt(): void {
    this.#options.operators.forEach(({ fused }, index) => {
      // What was under way at the marker stays with those that were there; this is for what all have in common.
      if (fused.replicated) return
      const saved = this.#dones.flatMap(({ own }) => (fused.snapshot === undefined ? [] : [own[index]]))
      if (saved.length > 0) fused.restore?.(saved, NOTHING)
    })
  }

  /** What can go on by now of what was held. */
  takeReleased(): Frame | undefined {
    return this.#released.shift()
  }

  /** The records of a frame whose states are here; the others are held. */
  admit(frame: Frame): Frame | undefined {
    const { route, reroute, keyed } = this.#options
    if (this.#missing.size === 0 || route === undefined) return frame
    const admitted = new Columns(keyed)
    const asked = new Map<WorkerId, Key[]>([...this.#missing].map((worker) => [worker, []]))
    const { values, keys, timestamps, from = 0, count, side = 0 } = frame
    for (let i = from; i < count; i++) {
      const key = keys?.[i] as Key
      // What comes to all workers has no key, and needs no state of one.
      if (key === undefined) {
        admitted.add(values[i], key, timestamps[i])
        continue
      }
      const owner = ownerOf(route, key, reroute.from)
      if (!this.#missing.has(owner) || this.#isHere(key)) admitted.add(values[i], key, timestamps[i])
      else if (this.#held.add(owner, values[i], key, timestamps[i], side)) asked.get(owner)?.push(key)
    }
    for (const [owner, its] of asked) {
      if (its.length > 0) this.#options.linkOf(owner).ask({ version: reroute.version, asked: its })
    }
    return admitted.endFrame(side)
  }

  /** Gives and takes a little; returns false if there is nothing to do now. */
  slice(): boolean {
    const answered = this.#answer()
    // What has come is not to wait until all cells have been looked at.
    const taken = this.#take()
    return this.#give() || taken || answered
  }

  /** Whether everything there is of a key has come. */
  #isHere(key: Key): boolean {
    if (this.#held.has(key)) return false
    if (this.#answered.get(key) !== undefined) return true
    // Of several operators, some may have no state of a key.
    const [only, another] = this.#stores
    return another === undefined && only?.cells?.has(key) === true
  }

  /** Gives the states that others have asked for. */
  #answer(): boolean {
    const { self, reroute, linkOf } = this.#options
    if (this.#handedOver || !reroute.from.includes(self)) return false
    let worked = false
    for (const worker of reroute.to) {
      if (worker === self) continue
      for (let ask = linkOf(worker).takeAsk(); ask !== undefined; ask = linkOf(worker).takeAsk()) {
        // Of an earlier rescale, whose last rows were under way then.
        if (ask.version !== reroute.version) continue
        worked = true
        this.#answerOne(worker, ask)
      }
    }
    return worked
  }

  #answerOne(worker: WorkerId, { version, asked }: HandoffAsk): void {
    // What has been taken out and waits for room goes first: keys that were asked for may be among it.
    const link = this.#options.linkOf(worker)
    for (const { to, rows } of this.#leaving) if (to === worker) link.sendRows(rows)
    this.#leaving = this.#leaving.filter(({ to }) => to !== worker)
    const rows = this.#extractions.map(({ operator, extraction }) => ({ version, operator, ...extraction.takeKeys(asked) }))
    link.answer(
      { version, answered: asked },
      rows.filter(({ keys }) => keys.length > 0),
    )
  }

  #give(): boolean {
    if (this.#handedOver) return false
    if (this.#leaving.length > 0) return this.#sendLeaving()
    const next = this.#extractions.find(({ extraction }) => !extraction.done)
    if (next === undefined) {
      this.#sayDone()
      return true
    }
    const { version } = this.#options.reroute
    for (const [to, rows] of next.extraction.take(SLICE_CELLS)) {
      for (const part of inBlocks(rows)) this.#leaving.push({ to, rows: { version, operator: next.operator, ...part } })
    }
    this.#sendLeaving()
    return true
  }

  #sendLeaving(): boolean {
    const waiting: Leaving[] = []
    const sentBefore = this.#leaving.length
    for (const each of this.#leaving) {
      const link = this.#options.linkOf(each.to)
      if (link.full || waiting.some(({ to }) => to === each.to)) waiting.push(each)
      else link.sendRows(each.rows)
    }
    this.#leaving = waiting
    return waiting.length < sentBefore
  }

  #sayDone(): void {
    const { self, reroute, standing, linkOf } = this.#options
    this.#handedOver = true
    if (!reroute.from.includes(self)) return
    for (const worker of reroute.to) if (worker !== self) linkOf(worker).sendDone({ version: reroute.version, ...standing })
  }

  #take(): boolean {
    for (const worker of this.#missing) {
      const message = this.#options.linkOf(worker).take()
      if (message === undefined) continue
      assert(message.version === this.#options.reroute.version, 'states move with the routing they were sent for')
      if ('keys' in message) this.#install(message)
      else if ('answered' in message) this.#answeredBy(worker, message)
      else this.#finish(worker, message)
      return true
    }
    return false
  }

  #install({ operator, keys, states }: HandoffRows): void {
    const { cells, node, fused } = this.#options.operators[operator] as OpenOperator
    assert(cells !== undefined, 'states come for operators that have states')
    const form = stateFormOf(node.state ?? {})
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as Key
      const state = form.unpack(states[i], form.version)
      cells.set(key, state)
      fused.arrived?.(key, state)
    }
  }

  #finish(worker: WorkerId, done: HandoffDone): void {
    this.#missing.delete(worker)
    this.#dones.push(done)
    if (this.#awaitsReplicas) this.#adoptReplicas(done)
    this.#release(this.#held.releaseAll(worker))
  }

  #adoptReplicas({ own }: HandoffDone): void {
    this.#awaitsReplicas = false
    this.#options.operators.forEach(({ fused }, index) => {
      if (fused.replicated) fused.restore?.([own[index]], NOTHING)
    })
  }

  #answeredBy(worker: WorkerId, { answered }: HandoffAnswer): void {
    for (const key of answered) this.#answered.add({ key })
    this.#release(this.#held.release(worker, answered))
  }

  #release(frames: readonly Frame[]): void {
    this.#released.push(...frames)
  }
}

function* inBlocks({ keys, states }: LeavingRows): Iterable<LeavingRows> {
  for (let start = 0; start < keys.length; start += BLOCK_ROWS_MAX) {
    yield { keys: keys.slice(start, start + BLOCK_ROWS_MAX), states: states.slice(start, start + BLOCK_ROWS_MAX) }
  }
}
