/** Makes the function of a task with what its text refers to. */
export type TaskFactory = (...values: readonly unknown[]) => unknown

/** Texts that are kept. */
const TEXTS_MAX = 512

/**
 * Factories of compiled tasks by their texts: who starts the same jobs again and again, as a simulator does, compiles each text once,
 * and V8 goes on with what it has learned. Nothing that a task is made with stays here. Not for jobs that work for long: tasks of one
 * text then share what V8 learns although their user functions differ, and it no longer takes these for constants.
 */
export class TaskFunctions {
  readonly #factories = new Map<string, TaskFactory>()

  factoryOf(names: readonly string[], source: string): TaskFactory {
    const text = `${names.join()}\n${source}`
    const known = this.#factories.get(text)
    if (known !== undefined) return known
    // Random jobs have ever new texts.
    if (this.#factories.size >= TEXTS_MAX) this.#factories.clear()
    const factory = newFactory(names, source)
    this.#factories.set(text, factory)
    return factory
  }
}

/** The only generated code of tasks: no data of the user is part of the text. */
export function newFactory(names: readonly string[], source: string): TaskFactory {
  return new Function(...names, `'use strict'\n${source}`) as TaskFactory
}
