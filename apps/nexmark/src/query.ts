import type { Stream } from 'malstrom'
import type { NexmarkEvent } from './events.ts'

/** A number of an answer; beyond 2^53 a string. */
export type AnswerValue = number | string | { readonly [name: string]: AnswerValue }
export type Answer = Readonly<Record<string, AnswerValue>>

/** What the rows of a result are summed up to, so that results of any size can be compared. */
export interface Summary<R, S> {
  /** The summary of no rows: plain data, which becomes JSON. */
  empty(): S
  /** A function that adds rows to `state`. A new one per call, so that each job has its own. */
  adder(state: S): (row: R) => void
  /** Adds another partition's summary to `state`. */
  merge(state: S, other: S): void
  answer(state: S): Answer
}

/** A query of Nexmark. */
export interface Query<R, S> {
  /** One line that says what is asked. */
  readonly about: string
  /** Whether it needs epochs: nothing waits for the frontier in a query that treats each event by itself. */
  readonly epochs: boolean
  /** The rows of the result. */
  results(events: Stream<NexmarkEvent, number>): Stream<R, number>
  readonly summary: Summary<R, S>
  /** Sends a row to one of several partitions of the sink, where a result is large: any whole number from 0 on. */
  spread?(row: R): number
}
