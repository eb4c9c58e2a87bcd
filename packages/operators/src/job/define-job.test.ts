import { MalstromError } from '@malstrom/core'
import { defineJob, type Flow, fromIterable } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { errorOf } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

const jobOf = (build: (flow: Flow) => void) => defineJob({ name: 'job', module: import.meta.url, build: (flow) => build(flow) })
const module = import.meta.url

describe('defineJob', () => {
  it('makes a job that knows its name and module, and does nothing yet', () => {
    let built = 0
    const job = defineJob({
      name: 'balances',
      module,
      build(flow) {
        built++
        flow.source('n', fromIterable([1])).discard('end')
      },
    })
    expect([job.name, job.module, built]).toEqual(['balances', module, 0])
    expect(job.graph()).toMatchObject({ name: 'balances', nodes: [{ name: 'n' }, { name: 'end' }] })
    expect(built).toBe(1)
  })

  it('builds an equal graph every time', () => {
    const job = jobOf((flow) =>
      flow
        .source('n', fromIterable([1]))
        .map('m', (n) => n)
        .discard('end'),
    )
    expect(job.graph().fingerprint).toBe(job.graph().fingerprint)
    expect(job.graph().nodes).not.toBe(job.graph().nodes)
  })

  it.each([
    ['nothing', undefined],
    ['no name', { module, build() {} }],
    ['an empty name', { name: ' ', module, build() {} }],
    ['no module', { name: 'j', build() {} }],
    ['no build function', { name: 'j', module }],
  ])('refuses %s, and says what it needs', (_name, definition) => {
    expect(() => defineJob(definition as never)).toThrow(
      expect.objectContaining({ code: 'ERR_JOB_INVALID', message: expect.stringMatching(/needs (a name|module: import\.meta\.url)/) }),
    )
  })

  it('fails to run where its build function throws, with what it threw', async () => {
    const cause = new Error('no such topic')
    const error = await errorOf(
      singleThread().run(
        jobOf(() => {
          throw cause
        }),
      ),
    )
    expect(error).toMatchObject({ code: 'ERR_JOB_BUILD', cause, context: { job: 'job' } })
    expect(error.message).toBe('The build function of job "job" threw: no such topic')
  })

  it('passes on an error of Malstrom that its build function throws, as it is', async () => {
    const thrown = new MalstromError('ERR_FILE', 'no such file')
    const job = jobOf(() => {
      throw thrown
    })
    expect(await errorOf(singleThread().run(job))).toBe(thrown)
  })

  it('fails to run where its build function is async, also where that throws', async () => {
    for (const build of [async () => {}, () => Promise.reject(new Error('later'))]) {
      const error = await errorOf(singleThread().run(jobOf(build as () => void)))
      expect(error).toMatchObject({ code: 'ERR_JOB_BUILD', context: { job: 'job' } })
      expect(error.message).toMatch(/is async\. Build the graph synchronously/)
    }
  })

  it('fails to run without operators', async () => {
    const error = await errorOf(singleThread().run(jobOf(() => {})))
    expect(error).toMatchObject({ code: 'ERR_JOB_EMPTY', context: { job: 'job' } })
    expect(error.message).toContain('Start with flow.source')
  })
})
