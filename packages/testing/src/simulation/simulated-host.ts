import type { Job, PeerId } from '@malstrom/core'
import {
  CONTROL_CHANNEL,
  type Environment,
  RemoteWorker,
  type WorkerEvents,
  type WorkerHandle,
  type WorkerHost,
  WorkerServer,
  type WorkerSpec,
} from '@malstrom/runtime'
import { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess, World } from './world.ts'

export interface SimulatedHostOptions {
  readonly world: World
  readonly job: Job
  readonly coordinator: SimulatedProcess
  /** The time and scheduling of the coordinator, or of one of its workers. */
  environmentOf(process: SimulatedProcess): Environment
  /** A process for a worker. */
  spawn(): SimulatedProcess
  backend(): ReturnType<NonNullable<Job['persistence']>>
}

/** Silence after which the coordinator takes a worker for lost, in simulated milliseconds. */
const SILENCE_MS = 2_000

/** Runs every worker in a process of its own, over links that delay and fail. */
export class SimulatedHost implements WorkerHost {
  readonly #options: SimulatedHostOptions
  /** The processes of the present start, by worker. */
  readonly workers = new Map<PeerId, SimulatedProcess>()
  #network: SimulatedNetwork | undefined
  #generation = 0

  constructor(options: SimulatedHostOptions) {
    this.#options = options
  }

  start(spec: WorkerSpec, events: WorkerEvents): Promise<WorkerHandle> {
    const { world, coordinator, environmentOf, job, spawn, backend } = this.#options
    const network = this.#networkOf(spec.generation)
    const process = spawn()
    this.workers.set(spec.id, process)
    const transport = network.join(spec.id, process)
    const environment = environmentOf(process)
    world.schedule(process, `worker ${spec.id} starts`, world.dice.unit() * 5, () => {
      new WorkerServer({
        environment,
        open: (linkEvents) => transport.open('coordinator', CONTROL_CHANNEL, linkEvents),
        surroundings: async () => ({ graph: job.graph(), interpret: world.dice.chance(0.5), backend: backend(), transport }),
        ended: () => {},
      })
    })
    const coordinatorTransport = network.join('coordinator', coordinator)
    return RemoteWorker.start({
      spec,
      job: job.name,
      environment: environmentOf(coordinator),
      silenceMs: SILENCE_MS,
      events,
      open: (linkEvents) => coordinatorTransport.open(spec.id, CONTROL_CHANNEL, linkEvents),
      terminate: async () => {
        // A frozen process on a machine that cannot be reached is not ended by force: it wakes some time.
        if (process.state === 'frozen' && world.dice.chance(0.5)) network.lose(spec.id)
        else this.lose(spec.id, process)
      },
    })
  }

  /** The process of a worker dies. */
  lose(worker: PeerId, process: SimulatedProcess): void {
    if (process.state === 'dead') return
    process.state = 'dead'
    if (this.workers.get(worker) === process) this.workers.delete(worker)
    this.#network?.lose(worker)
  }

  /** The coordinator dies: its workers notice. */
  loseCoordinator(): void {
    this.#network?.lose('coordinator')
  }

  /** Cuts the connection between two of the processes. */
  cut(a: PeerId, b: PeerId): void {
    this.#network?.cut(a, b)
  }

  #networkOf(generation: number): SimulatedNetwork {
    if (this.#network === undefined || generation !== this.#generation) {
      this.#network = new SimulatedNetwork(this.#options.world)
      this.#generation = generation
      this.workers.clear()
    }
    return this.#network
  }
}
