import type { Job, JobStatus } from '@malstrom/core'
import { HEARTBEAT_MS, JobExecution } from '@malstrom/runtime'
import { simulatedEnvironment, timerOf } from './simulated-environment.ts'
import { SimulatedHost } from './simulated-host.ts'
import { SimulatedSink } from './simulated-sink.ts'
import { type SimulatedRecord, SimulatedSource } from './simulated-source.ts'
import { SimulatedDisk, simulatedPersistence } from './simulated-store.ts'
import { type SimulatedProcess, World } from './world.ts'

export interface SimulationFaults {
  /** Most times that the process dies, at any event or failpoint. @default 3 */
  readonly crashes?: number
  /** Probability that a process that should die is frozen instead, and wakes when another has taken its place. @default 0.3 */
  readonly zombies?: number
  /** Probability that a write to the store takes effect and reports a time-out. @default 0.05 */
  readonly ambiguousWrites?: number
  /** Probability that a write to the store fails. @default 0.01 */
  readonly failedWrites?: number
  /** Most times that a connection between two processes breaks; only with several workers. @default 1 */
  readonly cuts?: number
  /** Probability that a sink takes very long, up to 3 seconds, each time it writes out what it has. @default 0 */
  readonly stalls?: number
}

export interface SimulationOptions {
  readonly seed: number
  readonly faults?: SimulationFaults
  /** @default between 2 and 16, by the seed */
  readonly snapshotIntervalMs?: number
  /** Snapshots that take longer are abandoned. @default 600_000 */
  readonly snapshotTimeoutMs?: number
  /**
   * Whether sinks keep for the next snapshot what they have staged for one that is abandoned (`SinkPartition.abandon`). Otherwise the job goes back.
   *
   * @default with two of three seeds
   */
  readonly keepsStaged?: boolean
  /** Runs the job on so many workers, each in a process of its own. @default in one process */
  readonly workers?: number
  /**
   * The same for each start of the job in turn, and the last one for all that follow; `undefined`: in one process. So that a job goes on
   * with other workers than those that took its snapshot.
   *
   * @default `workers`, for all of them
   */
  readonly workersOfStarts?: readonly (number | undefined)[]
  /** Most times that the number of workers is changed while the job runs; only with several workers. @default 3 */
  readonly rescales?: number
  /** To which numbers of workers, one after the other, in place of what the seed decides. */
  readonly rescaleTo?: readonly number[]
  /** Events after which a run counts as one that never ends. @default 200_000 */
  readonly eventsMax?: number
  /** Keep the texts of all events, to read. @default false */
  readonly log?: boolean
}

/** What a job is made of in the simulated world. */
export interface SimulatedWorld {
  /** A source whose partitions have these records; pauses and sizes of polls are up to the seed. */
  source<V>(partitions: Readonly<Record<string, readonly SimulatedRecord<V, number>[]>>): SimulatedSource<V, number>
  /** A sink that is exactly-once as its readers see it. */
  sink(): SimulatedSink
  /** A call of the outer world by a function of the job: takes as long as the seed decides. Never ends if the process dies. */
  call(maxMs: number): Promise<void>
}

export interface SimulationResult {
  readonly status: JobStatus
  /** Processes that were started. */
  readonly processes: number
  /** How often the number of workers was changed to the end. */
  readonly rescaled: number
  /** Snapshots that were due and took too long. */
  readonly abandoned: number
  /** Equal for equal runs. */
  readonly logHash: string
  readonly log: readonly string[]
  readonly events: number
  /** What is stored at the end. */
  readonly disk: SimulatedDisk
}

/** What each event may end with a crash. */
const CRASH_PROBABILITY = 0.008
const FAILPOINT_CRASH_PROBABILITY = 0.05

/** That a crash concerns a worker and not the coordinator, if there are workers. */
const WORKER_CRASH_SHARE = 0.6

/** How long it may take until the number of workers is changed again. */
const RESCALE_MS_MAX = 30

/** Of most seeds: what the rest of the process may have to wait for. */
const EVENTS_PER_TURN = 64

const HEARTBEAT = timerOf(HEARTBEAT_MS)

/** Workers that a rescale may lead to. */
const WORKERS_MAX = 4

/**
 * Runs a job in a world in which time, scheduling, the store and every misfortune come from a seed: the
 * production code, in one thread, with processes that die at any point where they wait, zombies that wake after
 * they were replaced, and writes that succeed but say otherwise. The same seed gives the same run,
 * event by event. `build` makes the job from the sources and sinks of the world; sources, sinks and
 * functions of your own must not look at real time or the outer world.
 */
export async function simulate(build: (world: SimulatedWorld) => Job, options: SimulationOptions): Promise<SimulationResult> {
  const world = new World(options.seed, {
    log: options.log ?? false,
    // Every fourth seed shows each rejection that is handled too late, even by one event.
    turnEvery: options.seed % 4 === 0 ? 1 : EVENTS_PER_TURN,
    ...(options.eventsMax === undefined ? {} : { eventsMax: options.eventsMax }),
  })
  const { keepsStaged = options.seed % 3 > 0 } = options
  const job = build({
    source: (partitions) => new SimulatedSource(world, partitions),
    sink: () => new SimulatedSink(world, { stalls: options.faults?.stalls ?? 0, keepsStaged }),
    call: (maxMs) => world.wait('a call', maxMs),
  })
  return new Simulation(world, job, options).run()
}

class Simulation {
  readonly #world: World
  readonly #job: Job
  readonly #options: SimulationOptions
  readonly #disk = new SimulatedDisk()
  readonly #processes: SimulatedProcess[] = []
  #execution: JobExecution | undefined
  #crashesLeft: number
  #outcome: { readonly error: unknown; readonly status: JobStatus | undefined } | undefined
  #restartScheduled = false
  /** The workers of the last process, if they are processes of their own. */
  #host: SimulatedHost | undefined
  #rescalesLeft: number
  #cutsLeft: number
  #workerProcesses = 0
  #rescaled = 0
  #abandoned = 0

  constructor(world: World, job: Job, options: SimulationOptions) {
    this.#world = world
    this.#job = job
    this.#options = options
    this.#crashesLeft = world.dice.below((options.faults?.crashes ?? 3) + 1)
    const rescales = options.rescaleTo?.length ?? world.dice.below((options.rescales ?? 3) + 1)
    const several = options.workers !== undefined || options.workersOfStarts !== undefined
    this.#rescalesLeft = several ? rescales : 0
    this.#cutsLeft = !several ? 0 : world.dice.below((options.faults?.cuts ?? 1) + 1)
  }

  async run(): Promise<SimulationResult> {
    const world = this.#world
    this.#startProcess()
    while (this.#outcome === undefined) {
      if (!(await world.step())) throw new Error(`Nothing can happen any more, and the job has not ended. Waiting: ${world.waiting}.`)
      if (this.#crashesLeft > 0 && world.dice.chance(CRASH_PROBABILITY)) this.#crash('between two events')
      if (this.#cutsLeft > 0 && world.dice.chance(CRASH_PROBABILITY)) this.#cut()
    }
    await this.#wakeZombies()
    if (this.#outcome.error !== undefined) throw this.#outcome.error
    const { logHash, log, steps } = world
    return {
      status: this.#outcome.status as JobStatus,
      processes: this.#processes.length,
      rescaled: this.#rescaled,
      abandoned: this.#abandoned,
      logHash,
      log,
      events: steps,
      disk: this.#disk,
    }
  }

  #startProcess(): void {
    const world = this.#world
    const { ambiguousWrites = 0.05, failedWrites = 0.01 } = this.#options.faults ?? {}
    const process: SimulatedProcess = { id: this.#processes.length + 1, state: 'running' }
    this.#processes.push(process)
    this.#restartScheduled = false
    const environmentOf = (of: SimulatedProcess) =>
      simulatedEnvironment(world, of, (name) => {
        world.note(`process ${of.id} is at ${name}`)
        if (of.state !== 'running' || this.#crashesLeft === 0 || !world.dice.chance(FAILPOINT_CRASH_PROBABILITY)) return
        if (of === process) this.#crash(`at ${name}`)
        else this.#crashWorker(of, `at ${name}`)
      })
    const backend = () => simulatedPersistence(world, this.#disk, { ambiguous: ambiguousWrites, failing: failedWrites })
    const { workersOfStarts = [this.#options.workers] } = this.#options
    const workers = workersOfStarts[Math.min(process.id, workersOfStarts.length) - 1]
    const host =
      workers === undefined
        ? undefined
        : new SimulatedHost({
            world,
            job: this.#job,
            coordinator: process,
            environmentOf,
            spawn: () => ({ id: 1_000 + ++this.#workerProcesses, state: 'running' }),
            backend,
          })
    this.#host = host
    world.schedule(process, 'start', 0, () => {
      const execution = new JobExecution({
        graph: () => this.#job.graph(),
        environment: environmentOf(process),
        waitLimitMs: 60_000,
        interpret: world.dice.chance(0.5),
        backend: backend(),
        cluster: host === undefined || workers === undefined ? undefined : { workers, host },
        ownsBackend: true,
        snapshotIntervalMs: this.#options.snapshotIntervalMs ?? 2 + world.dice.below(15),
        snapshotTimeoutMs: this.#options.snapshotTimeoutMs,
        allowDropped: [],
        abandoned: (error) => {
          this.#abandoned++
          world.note(`process ${process.id}: ${(error as Error).message}`)
        },
        ended: () => {},
      })
      this.#execution = execution
      this.#scheduleRescale(process, execution)
      execution.start().then(
        () =>
          execution.finished.then(
            () => this.#ended(process, undefined),
            (error) => this.#ended(process, error),
          ),
        (error) => this.#ended(process, error),
      )
    })
  }

  #scheduleRescale(process: SimulatedProcess, execution: JobExecution): void {
    if (this.#rescalesLeft === 0 || this.#host === undefined) return
    const { dice } = this.#world
    this.#world.schedule(process, 'a rescale', dice.unit() * RESCALE_MS_MAX, () => {
      if (this.#outcome !== undefined) return
      if (execution.status().state !== 'running') {
        this.#scheduleRescale(process, execution)
        return
      }
      this.#rescalesLeft--
      const { rescaleTo } = this.#options
      const workers = rescaleTo?.at(-1 - this.#rescalesLeft) ?? 1 + dice.below(WORKERS_MAX)
      this.#world.note(`process ${process.id} rescales to ${workers}`)
      // What becomes of it, the outcome of the job tells.
      execution.rescale(workers).then(
        () => {
          this.#rescaled++
          this.#world.note(`process ${process.id} has rescaled to ${workers}`)
        },
        (error) => this.#world.note(`process ${process.id} does not rescale: ${(error as Error).message}`),
      )
      this.#scheduleRescale(process, execution)
    })
  }

  /** A worker dies, freezes, or loses a connection. */
  #crashWorker(process: SimulatedProcess, where: string): void {
    const { dice } = this.#world
    this.#crashesLeft--
    const worker = [...(this.#host?.workers ?? [])].find(([, known]) => known === process)?.[0]
    if (worker === undefined) return
    if (!dice.chance(this.#options.faults?.zombies ?? 0.3)) {
      this.#world.note(`worker ${worker} dies ${where}`)
      this.#host?.lose(worker, process)
      return
    }
    this.#world.note(`worker ${worker} is frozen ${where}`)
    process.state = 'frozen'
    this.#world.schedule(undefined, `worker ${worker} wakes`, dice.unit() * 5_000, () => {
      if (process.state === 'frozen') process.state = 'running'
    })
  }

  #cut(): void {
    this.#cutsLeft--
    const { dice } = this.#world
    const peers = ['coordinator' as const, ...(this.#host?.workers.keys() ?? [])]
    const [a, b] = [dice.pick(peers), dice.pick(peers)]
    if (a === b) return
    this.#world.note(`the connection between ${a} and ${b} is cut`)
    this.#host?.cut(a, b)
  }

  #ended(process: SimulatedProcess, error: unknown): void {
    this.#world.note(`process ${process.id} ends: ${error === undefined ? 'finished' : (error as { code?: string }).code}`)
    const current = this.#processes.at(-1) === process
    // A zombie that finds out that it was replaced has done what it should.
    if (!current) return
    process.state = 'dead'
    const status = this.#execution?.status()
    if (error === undefined) this.#outcome = { error: undefined, status }
    else if (isTransient(error)) this.#scheduleStart()
    else this.#outcome = { error, status }
  }

  #crash(where: string): void {
    const workers = [...(this.#host?.workers.values() ?? [])].filter(({ state }) => state === 'running')
    if (workers.length > 0 && this.#world.dice.chance(WORKER_CRASH_SHARE)) {
      this.#crashWorker(this.#world.dice.pick(workers), where)
      return
    }
    const process = this.#processes.at(-1) as SimulatedProcess
    if (process.state !== 'running' || this.#restartScheduled) return
    const { dice } = this.#world
    this.#crashesLeft--
    process.state = dice.chance(this.#options.faults?.zombies ?? 0.3) ? 'frozen' : 'dead'
    if (process.state === 'dead') this.#host?.loseCoordinator()
    this.#world.note(`process ${process.id} ${process.state === 'dead' ? 'dies' : 'is frozen'} ${where}`)
    if (process.state === 'frozen') {
      this.#world.schedule(undefined, `process ${process.id} wakes`, dice.unit() * 100, () => {
        process.state = 'running'
      })
    }
    this.#scheduleStart()
  }

  #scheduleStart(): void {
    this.#restartScheduled = true
    this.#world.schedule(undefined, 'a new process', this.#world.dice.unit() * 20, () => {
      if (this.#outcome === undefined) this.#startProcess()
    })
  }

  /** Zombies that have not woken yet do so after the end, and must change nothing. */
  async #wakeZombies(): Promise<void> {
    for (let steps = 0; steps < 5_000; steps++) {
      for (const process of this.#processes) if (process.state === 'frozen') process.state = 'running'
      // A worker that nobody has told of the end says for ever that it is alive. Nobody hears that, or something else would be awaited.
      if (this.#world.awaitsOnly(HEARTBEAT)) return
      if (!(await this.#world.step())) return
    }
  }
}

/** A store that failed ten times in a row: whoever runs the job starts it again. */
function isTransient(error: unknown): boolean {
  return ['ERR_STORE', 'ERR_STORE_CONFLICT', 'ERR_TIMEOUT', 'ERR_FENCED', 'ERR_WORKER_LOST', 'ERR_SNAPSHOT_TIMEOUT'].includes(
    (error as { code?: string }).code ?? '',
  )
}
