import { type JobStatus, MalstromError } from '@malstrom/core'
import { defineJob, type Flow, type KeyedStream, type SinkRecord, type Stream, toArrayOfRecords } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { it } from 'vitest'

/** Tasks are compiled, or interpreted where code from strings is forbidden. Both do the same. */
export const taskForms = ['compiled', 'interpreted'] as const
export type TaskForm = (typeof taskForms)[number]

/** What came out of a stream. */
export interface Watched {
  readonly values: readonly unknown[]
  readonly records: readonly SinkRecord<unknown, unknown, unknown>[]
  readonly epochs: readonly unknown[]
  /** Values, and epochs as `E5`, in the order in which they came. */
  readonly events: readonly unknown[]
}

type AnyStream = Stream<unknown, unknown> | KeyedStream<unknown, unknown, unknown>

/**
 * Runs a job to its end. The streams that `build` returns are watched; streams that it ends by itself
 * it need not return. Rejects as the job does.
 */
export type Collect = <R extends object | void>(
  build: (flow: Flow) => R,
) => Promise<{ readonly [N in keyof R]: Watched } & { readonly status: JobStatus }>

/** Far more than any test needs, for machines that do much else. */
const TIMEOUT_MS = 60_000

/** One test for each form of a task. */
export function inBothForms(name: string, check: (collect: Collect) => Promise<void> | void): void {
  it.each(taskForms)(`${name} (%s)`, { timeout: TIMEOUT_MS }, (form) => check(collectIn(form)))
}

/** The error that `promise` rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<MalstromError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof MalstromError) return error
    throw new Error('It rejected, but not with a MalstromError.', { cause: error })
  }
  throw new Error('It did not reject.')
}

function collectIn(form: TaskForm): Collect {
  return async (build) => {
    const watched: Record<string, Watched> = {}
    const job = defineJob({
      name: 'test',
      module: import.meta.url,
      build(flow) {
        for (const [name, stream] of Object.entries(build(flow) ?? {})) watched[name] = watch(name, stream as AnyStream)
      },
    })
    await using execution = await singleThread({ tasks: form }).start(job)
    await execution.finished
    // The watched streams are those of `R`, by name.
    return { ...watched, status: execution.status() } as never
  }
}

function watch(name: string, stream: AnyStream): Watched {
  const records: SinkRecord<unknown, unknown, unknown>[] = []
  const epochs: unknown[] = []
  const events: unknown[] = []
  // A keyed stream has the same methods.
  ;(stream as Stream<unknown, unknown>)
    .inspect(`${name}: values`, (value) => void events.push(value))
    .inspectFrontier(`${name}: epochs`, (epoch) => {
      epochs.push(epoch)
      events.push(`E${String(epoch)}`)
    })
    .sink(`${name}: records`, toArrayOfRecords(records))
  return {
    records,
    epochs,
    events,
    get values() {
      return records.map(({ value }) => value)
    },
  }
}
