import type { Readable } from 'node:stream'
import { type ErrorContext, MalstromError } from '@malstrom/core'
import { SharedStream } from './shared-stream.ts'

/** From the record that begins at or after an offset on, there were so many members, of which this one was in a place. */
interface Turn {
  readonly from: number
  readonly place: number
  readonly count: number
}

/** The groups of each stream by name. A group is gone when its last member leaves. */
const groups = new WeakMap<Readable, Map<string, Set<GroupMember>>>()

/**
 * One reader of a group. All members read all records of the stream and count them alike, and each takes those whose turn is its own:
 * record n of a turn belongs to the member in place n modulo the number of members, as in SeaStreamer. A turn begins when a member
 * comes or goes, with the first record that begins behind what had been read by then.
 */
export class GroupMember {
  /** Those that do not hold yet. */
  readonly #turns: Turn[] = []
  readonly #name: string
  readonly #stream: Readable
  readonly #readsLike: string
  #place = 0
  #count = 1
  #seen = 0

  private constructor(stream: Readable, name: string, readsLike: string) {
    this.#stream = stream
    this.#name = name
    this.#readsLike = readsLike
  }

  /** `readsLike` says how the stream is read: members must count the same records. */
  static join(stream: Readable, name: string, readsLike: string, context: ErrorContext): GroupMember {
    const ofStream = groups.get(stream) ?? new Map<string, Set<GroupMember>>()
    groups.set(stream, ofStream)
    const members = ofStream.get(name) ?? new Set()
    for (const other of members) {
      if (other.#readsLike === readsLike) continue
      const problem = `The sources of the group "${name}" read standard input in different ways: ${other.#readsLike} and ${readsLike}.`
      throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${problem} Give all of them the same options, or groups of their own.`, { context })
    }
    ofStream.set(name, members)
    const member = new GroupMember(stream, name, readsLike)
    members.add(member)
    deal(members, stream)
    return member
  }

  leave(): void {
    const ofStream = groups.get(this.#stream)
    const members = ofStream?.get(this.#name)
    if (members?.delete(this) !== true) return
    if (members.size === 0) ofStream?.delete(this.#name)
    deal(members, this.#stream)
  }

  /** Asked for each record in order. */
  isMine(position: { readonly offset: number }): boolean {
    if (this.#turns.length > 0) this.#change(position.offset)
    return this.#seen++ % this.#count === this.#place
  }

  /** Its place from the next record on that has not been read. */
  deal(turn: Turn): void {
    // Nothing was read since the last change.
    if (this.#turns.at(-1)?.from === turn.from) this.#turns.pop()
    this.#turns.push(turn)
  }

  #change(offset: number): void {
    let passed = 0
    for (const { from, place, count } of this.#turns) {
      if (from > offset) break
      this.#place = place
      this.#count = count
      this.#seen = 0
      passed++
    }
    this.#turns.splice(0, passed)
  }
}

function deal(members: ReadonlySet<GroupMember>, stream: Readable): void {
  const { bytes } = SharedStream.of(stream)
  let place = 0
  for (const member of members) member.deal({ from: bytes, place: place++, count: members.size })
}
