import type { SinkNode, SourceNode } from '@malstrom/core'

/** What has to answer before a job can be at rest; an idle source may wait for ever. */
const AWAITED = new Set(['listPartitions', 'openPartition', 'flush', 'commit', 'close'])

/** Real sources and sinks of a job under test: knows what they have not answered yet. */
export class WatchedConnectors {
  readonly #waits = new Set<{ readonly what: string }>()

  /** Something that has not been answered, such as `flush of sink "out"`; `undefined` if there is nothing. */
  get pending(): string | undefined {
    for (const { what } of this.#waits) return what
    return undefined
  }

  /** Forgets what a process that is gone waited for. */
  forget(): void {
    this.#waits.clear()
  }

  source(node: SourceNode): SourceNode {
    return { ...node, source: this.#watch(node.source, `source "${node.name}"`) }
  }

  sink(node: SinkNode): SinkNode {
    return { ...node, sink: this.#watch(node.sink, `sink "${node.name}"`) }
  }

  /** The same object, whose calls are noted. Its own fields may be private, so its methods are called on itself. */
  #watch<T>(watched: T, name: string): T {
    if (typeof watched !== 'object' || watched === null) return watched
    const get = (_: object, property: PropertyKey) => {
      const value = Reflect.get(watched, property)
      if (typeof value !== 'function') return value
      return (...values: unknown[]) => {
        const answer = Reflect.apply(value, watched, values)
        return AWAITED.has(String(property)) ? this.#noted(answer, String(property), name) : answer
      }
    }
    return new Proxy({}, { get, has: (_, property) => property in watched }) as T
  }

  #noted(answer: unknown, method: string, name: string): unknown {
    const opened = (partition: unknown) => (method === 'openPartition' ? this.#watch(partition, name) : partition)
    if (!(answer instanceof Promise)) return opened(answer)
    const wait = { what: `${method} of ${name}` }
    this.#waits.add(wait)
    return answer.then(opened).finally(() => this.#waits.delete(wait))
  }
}
