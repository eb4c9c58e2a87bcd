import type { Sink } from '@malstrom/core'
import { describe, expect, it } from 'vitest'
import { type Ledger, ledgerOptions, type Options, type Partition, type Plant, type Saved } from './fixtures/log-sink.ts'
import { brokenLaws } from './law.ts'
import { sinkLawsOf } from './sink-laws.ts'
import { sinkSuite } from './sink-suite.ts'

sinkSuite('a sink that appends', ledgerOptions('at-least-once'))
sinkSuite('a sink with transactions', ledgerOptions('exactly-once'))
sinkSuite('a sink with one partition', undivided())
sinkSuite('a sink whose readers see something else', shouting())

const PURE = 'partitionOf is pure'
const READABLE = 'what was written, flushed and committed can be read, in order, before and after close'
const SATURATION = 'a flush ends saturation'
const MEANWHILE = 'what is written while a flush is under way is kept'
const CUT = 'wherever writing is cut, reopening from the snapshot goes on'
const FROZEN = 'a snapshot does not change when writing goes on'
const UNUSED = 'a partition that nothing was written to can be flushed, saved, committed and closed'
const CLOSE = 'close may be called twice, also with something left in the buffer'
const REPEAT = 'a commit may be repeated, also after a restart'
const RESTART = 'a snapshot that a crash left without its commit is committed by the restart'
const AT_LEAST_ONCE = 'crashes at any time leave every record at least once, in order'
const EXACTLY_ONCE = 'crashes at any time leave every record exactly once, in order'
const ABANDONED = 'what was staged for a snapshot that was abandoned appears with the next one, once and in front'
const UNSEEN = 'nothing can be read before it is committed'

const appending = (plant: Plant, sink?: Partial<Sink<string, string, number, string, Saved>>) => ledgerOptions('at-least-once', plant, sink)
const transactional = (plant: Plant) => ledgerOptions('exactly-once', plant)
const nothing: Plant = () => ({})

function shouting(): Options {
  const options = ledgerOptions('at-least-once')
  const read = async (ledger: Ledger, partition: string) => (await options.read(ledger, partition)).map((value) => `${value}!`)
  return { ...options, read, visible: ({ value }) => `${value}!` }
}

function undivided(): Options {
  const options = ledgerOptions('exactly-once')
  const create = async (ledger: Ledger) => {
    const sink = await options.create(ledger)
    return { openPartition: sink.openPartition }
  }
  const read = (ledger: Ledger, partition: string) => (partition === 'all' ? options.read(ledger, partition) : [])
  return { ...options, create, read }
}

function roundRobin() {
  let count = 0
  return { partitionOf: () => (count++ % 2 === 0 ? 'a' : 'b') }
}

/** A partition with a buffer of its own, whose flush is `flush`. */
function buffers(flush: (lines: string[], name: string, ledger: Ledger) => Promise<void> | void): Plant {
  return (_, name, ledger) => {
    const lines: string[] = []
    return { write: (value) => void lines.push(value), flush: async () => flush(lines, name, ledger) }
  }
}

async function clearsAfterwards(lines: string[], name: string, ledger: Ledger): Promise<void> {
  await ledger.append(name, lines.slice())
  lines.length = 0
}

async function appends(lines: string[], name: string, ledger: Ledger): Promise<void> {
  await ledger.append(name, lines.splice(0))
}

async function reverses(lines: string[], name: string, ledger: Ledger): Promise<void> {
  await ledger.append(name, lines.splice(0).reverse())
}

function writesTwice(inner: Partition): Partial<Partition> {
  return {
    write(...record) {
      inner.write(...record)
      inner.write(...record)
    },
  }
}

function writesOnClose(inner: Partition): Partial<Partition> {
  return { flush: async () => {}, close: () => inner.flush() }
}

function startsOver(inner: Partition, name: string, ledger: Ledger): Partial<Partition> {
  let isFirst = true
  const flush = () => {
    if (isFirst) ledger.truncate(name, 0)
    isFirst = false
    return inner.flush()
  }
  return { flush }
}

function forgetsOneAfterRestart(_: Partition, name: string, ledger: Ledger, state: Saved | undefined): Partial<Partition> {
  if (state !== undefined) ledger.truncate(name, ledger.read(name).length - 1)
  return {}
}

function publishesAgain(inner: Partition, name: string, ledger: Ledger): Partial<Partition> {
  let prepared: string[] = []
  let open: string[] = []
  return {
    write: (value) => void open.push(value),
    flush: async () => {},
    snapshot(version) {
      prepared = open
      open = []
      return inner.snapshot(version)
    },
    commit: () => ledger.append(name, prepared),
  }
}

/** Names its transactions by version only, so that those of a crashed start are published too. */
function mixesUpGenerations(_: Partition, name: string, ledger: Ledger, state: Saved | undefined): Partial<Partition> {
  let lines: string[] = []
  let next = state?.transactions === undefined ? 1 : Number(state.transactions[0]) + 1
  return {
    write: (value) => void lines.push(value),
    async flush() {
      await ledger.stage(`${name}/${next}`, lines.splice(0))
    },
    snapshot: () => ({ transactions: [String(next++)] }),
    commit: (version) => ledger.publish(name, `${name}/${version}`),
    close() {
      lines = []
    },
  }
}

function publishesAbandoned(inner: Partition): Partial<Partition> {
  return {
    abandon: (version) => {
      inner.commit?.(version).catch(() => {})
    },
  }
}

function commitsOnlyWhatItSaved(inner: Partition): Partial<Partition> {
  let hasSaved = false
  return {
    snapshot(version) {
      hasSaved = true
      return inner.snapshot(version)
    },
    commit: async (version) => (hasSaved ? inner.commit?.(version) : undefined),
  }
}

function handsOutWhatItChanges(): Partial<Partition> {
  const state = { transactions: [''] }
  return {
    write: (value) => {
      state.transactions[0] += value
    },
    snapshot: () => state,
  }
}

function failsWithoutLines(inner: Partition): Partial<Partition> {
  let count = 0
  return {
    write(...record) {
      count++
      inner.write(...record)
    },
    flush: () => (count === 0 ? Promise.reject(new Error('nothing to write')) : inner.flush()),
  }
}

function failsWhenClosedTwice(): Partial<Partition> {
  let isClosed = false
  const close = () => {
    if (isClosed) throw new Error('already closed')
    isClosed = true
  }
  return { close }
}

const planted: [bug: string, broken: string, options: Options][] = [
  ['deals records out in turn', PURE, appending(nothing, roundRobin())],
  ['writes backwards', READABLE, appending(buffers(reverses))],
  ['writes only when it is closed', READABLE, appending(writesOnClose)],
  ['never resolves a flush', READABLE, appending(buffers(() => new Promise(() => {})))],
  ['writes everything twice', READABLE, appending(writesTwice)],
  ['stays saturated', SATURATION, appending(() => ({ saturated: true }))],
  ['clears its buffer after it was written', MEANWHILE, appending(buffers(clearsAfterwards))],
  ['starts over in every start', CUT, appending(startsOver)],
  ['saves a function', CUT, appending(() => ({ snapshot: () => ({ again: () => 0 }) as Saved }))],
  ['hands out the state it changes', FROZEN, appending(handsOutWhatItChanges)],
  ['cannot flush nothing', UNUSED, appending(failsWithoutLines)],
  ['fails when it is closed twice', CLOSE, appending(failsWhenClosedTwice)],
  ['publishes again with every commit', REPEAT, transactional(publishesAgain)],
  ['knows nothing to commit after a restart', RESTART, transactional(commitsOnlyWhatItSaved)],
  ['forgets what was staged for an abandoned snapshot', ABANDONED, transactional(() => ({ abandon: () => {} }))],
  ['publishes what was staged for an abandoned snapshot at once', ABANDONED, transactional(publishesAbandoned)],
  ['loses a record in a restart', AT_LEAST_ONCE, appending(forgetsOneAfterRestart)],
  ['publishes what a crashed start left behind', EXACTLY_ONCE, transactional(mixesUpGenerations)],
  ['only appends, and promises exactly once', EXACTLY_ONCE, { ...appending(nothing), delivery: 'exactly-once' }],
  ['has no commit, and promises exactly once', UNSEEN, { ...appending(nothing), delivery: 'exactly-once' }],
  ['publishes when it flushes', UNSEEN, transactional(buffers(appends))],
]

const lawsOf = (options: Options) => sinkLawsOf({ ...options, waitMs: 20, runs: 500 })
const namesOf = (options: Options) => lawsOf(options).map(({ name }) => name)

describe('sinkSuite', () => {
  it.each(planted)('finds a sink that %s', async (_, broken, options) => {
    expect(await brokenLaws(lawsOf(options).filter(({ name }) => name === broken))).toEqual([broken])
  })

  it('has no law that cannot fail', () => {
    const found = new Set(planted.map(([, broken]) => broken))
    const names = [...namesOf(appending(nothing)), ...namesOf(transactional(nothing))]
    expect(names.filter((name) => !found.has(name))).toEqual([])
  })

  it('says what is missing when a sink without commit promises exactly once', async () => {
    const law = lawsOf({ ...appending(nothing), delivery: 'exactly-once' }).find(({ name }) => name === UNSEEN)
    await expect(law?.check()).rejects.toThrow('A sink without `commit` cannot deliver exactly once')
  })
})
