import { type Flow, forEach } from '@malstrom/operators'
import { errorOf, playJob, ScriptedSource, type TaskForm, taskForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { Worker } from '../worker/worker.ts'

const play = (form: TaskForm, build: (flow: Flow) => void) => playJob({ form, worker: (options) => new Worker(options) }, build)

describe.each(taskForms)('a source (%s)', (form) => {
  it('is told who opens its partitions', async () => {
    const source = new ScriptedSource<number>(['a', 'b'])
    const { worker } = await play(form, (flow) => flow.source('source', source).discard('end'))
    expect(source.contexts).toEqual(
      Array.from({ length: 2 }, () => ({ job: 'play', operator: 'source', worker: 0, generation: 1, discovered: false })),
    )
    await worker.cancel()
  })

  it('gives its partitions turns', async () => {
    const source = new ScriptedSource<string>(['a', 'b'])
    const seen: string[] = []
    for (const name of ['a', 'b']) {
      source.partition(name).give(...Array.from({ length: 2_000 }, (_, n) => [`${name}${n}`, n] as const))
      source.partition(name).finish()
    }
    const { worker } = await play(form, (flow) =>
      flow.source('source', source).sink(
        'sink',
        forEach((value) => void seen.push(value)),
      ),
    )
    await worker.finished
    // One poll each, of at most a frame.
    expect([seen[0], seen[1_024], seen[2_048]]).toEqual(['a0', 'b0', 'a1024'])
    expect(seen).toHaveLength(4_000)
  })

  it('is polled again, after others had their turn, when it has nothing but says "more"', async () => {
    let polls = 0
    const source = new ScriptedSource<number>(['a'])
    source.partition('a').poll = (output) => {
      if (++polls < 5) return 'more'
      output.emit(1, 1)
      return 'finished'
    }
    const { worker } = await play(form, (flow) => flow.source('source', source).discard('end'))
    await worker.finished
    expect(worker.status()).toMatchObject({ state: 'finished', recordsIn: 1 })
  })

  it('may have no partitions: then it has ended', async () => {
    const { worker } = await play(form, (flow) => flow.source('source', new ScriptedSource<number>([])).discard('end'))
    await worker.finished
    expect(worker.status()).toMatchObject({ state: 'finished', recordsIn: 0, sources: [], frontier: Number.POSITIVE_INFINITY })
  })

  it('fails the job when it is lost while it is idle', async () => {
    const source = new ScriptedSource<number>(['a'])
    const { worker } = await play(form, (flow) => flow.source('source', source).discard('end'))
    source.partition('a').fail(new Error('connection lost'))
    const error = await errorOf(worker.finished)
    expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED', context: { operator: 'source' } })
    expect(error.message).toContain('connection lost')
    expect(source.partition('a').closes).toBe(1)
  })

  it('fails the job when ready or poll throw, or poll answers something else', async () => {
    const broken: Partial<ReturnType<ScriptedSource<number>['partition']>>[] = [
      {
        ready: () => {
          throw new Error('no')
        },
      },
      {
        poll: () => {
          throw new Error('no')
        },
      },
      { poll: () => undefined as unknown as 'idle' },
      {
        poll: (output) => {
          for (let n = 0; n < 2_000; n++) output.emit(n, n)
          return 'more'
        },
      },
    ]
    for (const methods of broken) {
      const source = new ScriptedSource<number>(['a', 'b'])
      Object.assign(source.partition('b'), methods)
      const { worker } = await play(form, (flow) => flow.source('source', source).discard('end'))
      const error = await errorOf(worker.finished)
      expect(['ERR_SOURCE_FAILED', 'ERR_ASSERTION']).toContain(error.code)
      expect(error.context.operator).toBe('source')
      expect(source.partitions.map(({ closes }) => closes)).toEqual([1, 1])
    }
  })

  it.each([
    ['NaN', Number.NaN],
    ['undefined', undefined],
  ])('refuses %s as a timestamp', async (_name, timestamp) => {
    const source = new ScriptedSource<number>(['a'])
    source.partition('a').give([1, timestamp as number])
    const { worker } = await play(form, (flow) => flow.source('source', source).discard('end'))
    expect(await errorOf(worker.finished)).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'source' } })
  })
})

describe('starting a source', () => {
  const start = (source: ScriptedSource<number>, other = new ScriptedSource<number>(['other'])) =>
    play('compiled', (flow) => {
      flow.source('other', other).discard('end of other')
      flow.source('source', source).discard('end')
    })

  it('rejects if partitions cannot be listed or opened, with everything closed', async () => {
    const broken: Partial<ScriptedSource<number>>[] = [
      { listPartitions: () => Promise.reject(new Error('no broker')) as unknown as string[] },
      {
        listPartitions: () => {
          throw new Error('no broker')
        },
      },
      { openPartition: () => Promise.reject(new Error('no broker')) as never },
    ]
    for (const methods of broken) {
      const [source, other] = [new ScriptedSource<number>(['a']), new ScriptedSource<number>(['other'])]
      Object.assign(source, methods)
      const error = await errorOf(start(source, other))
      expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED', context: { operator: 'source' } })
      expect(error.message).toContain('no broker')
      expect(other.partition('other').closes).toBe(1)
    }
  })

  it.each([
    ['no array', undefined, 'ERR_SOURCE_FAILED'],
    ['a partition twice', ['a', 'a'], 'ERR_SOURCE_FAILED'],
    [
      'an equal tuple twice',
      [
        ['a', 1],
        ['a', 1],
      ],
      'ERR_SOURCE_FAILED',
    ],
    ['what is no key', [{}], 'ERR_KEY_INVALID'],
  ])('refuses a list of partitions that has %s', async (_name, keys, code) => {
    const source = new ScriptedSource<number>(['a'])
    source.listPartitions = () => keys as string[]
    expect(await errorOf(start(source))).toMatchObject({ code, context: { operator: 'source' } })
  })

  it('closes every partition, also after one that cannot be closed', async () => {
    const source = new ScriptedSource<number>(['a', 'b', 'c'])
    source.partition('a').close = () => {
      throw new Error('stuck')
    }
    const { worker } = await start(source)
    const error = await errorOf(worker.cancel())
    expect(error.message).toMatch(/Source "source".*stuck/)
    expect(await errorOf(worker.finished)).toBe(error)
    expect([source.partition('b').closes, source.partition('c').closes]).toEqual([1, 1])
    expect(worker.status().state).toBe('failed')
  })
})
