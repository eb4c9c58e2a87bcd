import type { Pipeline, Step } from '../pipeline.ts'

/** One `async function*` with `for await` per step, as one writes it by hand. */
export async function runAsyncGenerators({ values, steps, sink }: Pipeline): Promise<void> {
  for await (const value of steps.reduce(append, read(values))) sink.write(value)
}

type Stream = AsyncIterable<unknown>

function append(stream: Stream, step: Step): Stream {
  switch (step.kind) {
    case 'map':
      return map(stream, step.f)
    case 'filter':
      return filter(stream, step.f)
    case 'flatMap':
      return flatMap(stream, step.f)
    case 'foldBy':
      return foldBy(stream, step.keyOf, step.start, step.f)
  }
}

async function* read(values: readonly unknown[]): Stream {
  for (let i = 0; i < values.length; i++) yield values[i]
}

async function* map(stream: Stream, f: (value: unknown) => unknown): Stream {
  for await (const value of stream) yield f(value)
}

async function* filter(stream: Stream, f: (value: unknown) => boolean): Stream {
  for await (const value of stream) if (f(value)) yield value
}

async function* flatMap(stream: Stream, f: (value: unknown) => readonly unknown[]): Stream {
  for await (const value of stream) for (const item of f(value)) yield item
}

async function* foldBy(
  stream: Stream,
  keyOf: (value: unknown) => string,
  start: number,
  f: (state: number, value: unknown) => number,
): Stream {
  const states = new Map<string, number>()
  for await (const value of stream) {
    const key = keyOf(value)
    const state = f(states.get(key) ?? start, value)
    states.set(key, state)
    yield state
  }
}
