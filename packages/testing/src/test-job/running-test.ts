import { type Explanation, type JobGraph, type JobStatus, type Key, MalstromError, type SnapshotVersion } from '@malstrom/core'
import { type Failpoint, JobExecution, SnapshotReader } from '@malstrom/runtime'
import { ScriptedSource } from '../doubles/scripted-source.ts'
import { simulatedEnvironment } from '../simulation/simulated-environment.ts'
import { SimulatedSink } from '../simulation/simulated-sink.ts'
import { SimulatedDisk, simulatedPersistence } from '../simulation/simulated-store.ts'
import { type SimulatedProcess, World } from '../simulation/world.ts'
import { type Replacements, replaceNodes } from './replace-nodes.ts'
import { TestSink } from './test-sink.ts'
import { VirtualDrive } from './virtual-drive.ts'
import { WatchedConnectors } from './watched-connectors.ts'

export interface RunningTestOptions {
  /** Builds the graph; called for every start, as in production. */
  graph(): JobGraph
  /** The graph as it was checked. */
  readonly first: JobGraph
  readonly replacements: Replacements
  readonly snapshotIntervalMs: number
  readonly seed: number
  readonly tasks: 'compiled' | 'interpreted'
  readonly stepsMax: number
}

/** One start of the job. */
interface TestProcess extends SimulatedProcess {
  readonly execution: JobExecution
}

/** How long a real source or sink may take, in virtual time, which does not pass while one is waited for. */
const WAIT_LIMIT_MS = 60_000

/** A `TestJob` over the simulated world, in which nothing takes time and nothing fails by itself. */
export class RunningTest {
  readonly failures: unknown[] = []
  readonly #options: RunningTestOptions
  readonly #job: string
  readonly #world: World
  readonly #disk = new SimulatedDisk()
  readonly #connectors = new WatchedConnectors()
  readonly #drive: VirtualDrive
  readonly #crashPoints = new Set<Failpoint>()
  #processes = 0
  #process: TestProcess | undefined
  #crashed = false
  /** Failures that the test has been told of. */
  #heard = 0

  constructor(options: RunningTestOptions) {
    this.#options = options
    this.#job = options.first.name
    this.#world = new World(options.seed, { pace: 0, eventsMax: Number.POSITIVE_INFINITY })
    this.#drive = new VirtualDrive({
      world: this.#world,
      job: this.#job,
      stepsMax: options.stepsMax,
      pending: () => this.#connectors.pending,
      progress: () => `read ${this.#execution.status().recordsIn} records`,
    })
  }

  get nowMs(): number {
    return this.#world.nowMs
  }

  status(): Omit<JobStatus, 'state'> & { readonly state: JobStatus['state'] | 'crashed' } {
    const status = this.#execution.status()
    return this.#crashed ? { ...status, state: 'crashed' } : status
  }

  async explain(): Promise<Explanation> {
    await this.settle()
    return this.#perform('an explanation', (execution) => execution.explain())
  }

  async settle(): Promise<void> {
    await this.#reporting(() => this.#drive.settle())
  }

  async advanceBy(ms: number): Promise<void> {
    await this.advanceTo(this.nowMs + ms)
  }

  async advanceTo(ms: number): Promise<void> {
    if (!(ms >= this.nowMs && ms < Number.POSITIVE_INFINITY)) {
      throw new MalstromError('ERR_OPERATOR_ARGUMENT', `Time does not go from ${this.nowMs} ms to ${ms} ms.`)
    }
    await this.#reporting(() => this.#drive.advanceTo(ms))
  }

  async finish(): Promise<void> {
    for (const source of Object.values(this.#options.replacements.sources ?? {})) if (source instanceof ScriptedSource) source.finish()
    const running = () => !this.#crashed && this.#execution.status().state === 'running'
    const untilNotRunning = () =>
      this.#drive.until(
        () => !running(),
        () => `its end; ${this.#unfinished()}`,
      )
    await this.#reporting(untilNotRunning)
    while (!this.#crashed && this.#execution.status().state === 'restarting') {
      await this.advanceTo(this.#world.nextMs ?? this.nowMs)
      await this.#reporting(untilNotRunning)
    }
    if (this.status().state !== 'finished') {
      throw new MalstromError('ERR_NOT_RUNNING', `Job "${this.#job}" cannot come to its end: it is ${this.status().state}.`, {
        context: { job: this.#job },
      })
    }
  }

  async snapshot(): Promise<SnapshotVersion> {
    await this.settle()
    return this.#perform('a snapshot', (execution) => execution.snapshot())
  }

  crash(): void {
    if (this.#process !== undefined) this.#kill(this.#process)
  }

  crashAt(failpoint: Failpoint): void {
    this.#crashPoints.add(failpoint)
  }

  async start(): Promise<void> {
    if (this.#process !== undefined && this.#isAlive()) return
    const process = this.#newProcess()
    this.#process = process
    this.#crashed = false
    const { execution } = process
    execution.finished.then(
      () => this.#ended(process),
      (error) => {
        this.failures.push(error)
        this.#ended(process)
      },
    )
    await this.#perform('its start', () => execution.start())
  }

  async suspend(): Promise<SnapshotVersion> {
    await this.settle()
    return this.#perform('its suspension', (execution) => execution.suspend())
  }

  async cancel(): Promise<void> {
    if (this.#isAlive()) await this.#perform('its cancellation', (execution) => execution.cancel())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel()
  }

  async states<S>(operator: string): Promise<readonly { readonly key: Key; readonly state: S }[]> {
    return this.#read(operator, undefined)
  }

  async state<S>(operator: string, key: Key): Promise<S | undefined> {
    return (await this.#read<S>(operator, key))[0]?.state
  }

  get #execution(): JobExecution {
    return (this.#process as TestProcess).execution
  }

  #isAlive(): boolean {
    return !this.#crashed && ['running', 'restarting'].includes(this.#execution.status().state)
  }

  #newProcess(): TestProcess {
    const { tasks, snapshotIntervalMs } = this.#options
    const process: SimulatedProcess = { id: ++this.#processes, state: 'running' }
    const environment = simulatedEnvironment(this.#world, process, (failpoint) => {
      if (process.state === 'running' && this.#crashPoints.delete(failpoint)) this.#kill(process)
    })
    const execution = new JobExecution({
      graph: () => this.#graph(process),
      environment,
      waitLimitMs: WAIT_LIMIT_MS,
      interpret: tasks === 'interpreted',
      backend: simulatedPersistence(this.#world, this.#disk, undefined, process),
      ownsBackend: true,
      snapshotIntervalMs,
      allowDropped: [],
      restarting: (cause) => {
        this.failures.push(cause)
      },
      ended: () => {},
    })
    return Object.assign(process, { execution })
  }

  #graph(process: SimulatedProcess): JobGraph {
    const { sources = {}, sinks = {} } = this.#options.replacements
    return replaceNodes(this.#options.graph(), {
      source: (node) => {
        const double = Object.hasOwn(sources, node.name) ? sources[node.name] : undefined
        if (double === undefined) return this.#connectors.source(node)
        return {
          ...node,
          source: {
            // Everything after it has been told that timestamps are of this kind.
            time: node.source.time,
            listPartitions: () => double.listPartitions(),
            openPartition: (partition, state, context) => double.openPartition(partition, state, context),
          },
        }
      },
      sink: (node) => {
        const double = Object.hasOwn(sinks, node.name) ? sinks[node.name] : undefined
        if (double === undefined) return this.#connectors.sink(node)
        const sink = double instanceof TestSink ? new SimulatedSink(this.#world, { transactions: double.transactions, process }) : double
        return { ...node, sink }
      },
    })
  }

  #kill(process: SimulatedProcess): void {
    process.state = 'dead'
    this.#crashed = true
    this.#connectors.forget()
  }

  #ended(process: SimulatedProcess): void {
    process.state = 'dead'
  }

  async #perform<R>(what: string, action: (execution: JobExecution) => Promise<R>): Promise<R> {
    const process = this.#process as TestProcess
    if (this.#crashed) {
      throw new MalstromError(
        'ERR_NOT_RUNNING',
        `Job "${this.#job}" has crashed, so there is no ${what.replace(/^(its|a) /, '')}. Call start().`,
        {
          context: { job: this.#job },
        },
      )
    }
    return this.#reporting(() =>
      this.#drive.perform(
        // One that has ended can still be asked why.
        process.state === 'dead' ? undefined : process,
        what,
        () => action(process.execution),
        () => this.#crashed,
      ),
    )
  }

  /** Rejects with the first failure of the job that nobody has heard of; it is why the rest did not work. */
  async #reporting<R>(run: () => Promise<R>): Promise<R> {
    try {
      return await run()
    } finally {
      const heard = this.#heard
      this.#heard = this.failures.length
      // biome-ignore lint/correctness/noUnsafeFinally: what follows from a failure says less than the failure
      if (heard < this.failures.length) throw this.failures[heard]
    }
  }

  #unfinished(): string {
    const left = this.#execution.status().sources.filter(({ state }) => state !== 'finished')
    if (left.length === 0) return this.#connectors.pending ?? 'all sources have ended'
    return left.map(({ source, partition, state }) => `partition "${String(partition)}" of source "${source}" is ${state}`).join(', ')
  }

  async #read<S>(operator: string, key: Key | undefined): Promise<{ readonly key: Key; readonly state: S }[]> {
    const load = async () => {
      const reader = await SnapshotReader.open(simulatedPersistence(this.#world, this.#disk))
      const last = reader.snapshots.at(-1)
      if (last === undefined) {
        throw new MalstromError(
          'ERR_SNAPSHOT_NOT_FOUND',
          `Job "${this.#job}" has no snapshot yet, where its states are read. Call snapshot().`,
        )
      }
      return reader.states(await reader.read(last.version), operator, key)
    }
    const stored = await this.#reporting(() => this.#drive.perform(undefined, `the states of "${operator}"`, load, () => false))
    const node = this.#options.first.nodes.find(({ name }) => name === operator)
    const form = node?.role === 'operator' ? node.state : undefined
    return stored.map(({ key, state }) => {
      const data = form?.codec === undefined ? state : form.codec.decode(state as Uint8Array)
      return { key, state: (form?.unpack?.(data) ?? data) as S }
    })
  }
}
