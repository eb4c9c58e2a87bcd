import type { Execution } from '@malstrom/core'
import { MalstromError } from '@malstrom/core'
import type { ChaosOrders } from './chaos-control.ts'

const KILLS = 5
const RESCALES = 2
const PATIENCE_MS = 60_000
const LOOK_EVERY_MS = 2
export const WORKERS_MAX = 4

type Trouble = 'kill' | 'rescale'

/**
 * Ends five workers and changes the number of workers twice while the events flow, spread over the run in an order that `seed`
 * decides. Resolves when all of it has happened, or the job has ended.
 */
export async function makeTrouble(
  execution: Execution,
  orders: ChaosOrders,
  { events, seed }: { events: number; seed: number },
): Promise<void> {
  const patient = new PatientRun(execution)
  const dice = diceOf(seed)
  const troubles = shuffled<Trouble>([...Array(KILLS).fill('kill'), ...Array(RESCALES).fill('rescale')], dice)
  const share = events / (troubles.length + 1)
  let workers = 0
  for (const [index, trouble] of troubles.entries()) {
    const snapshot = execution.status().snapshot ?? 0
    orders.readTo(Math.floor(share * (index + 0.4)))
    await patient.until('there is a new snapshot', () => (execution.status().snapshot ?? 0) > snapshot)
    // What is read from here on is lost with a worker, unless another snapshot is in time.
    const at = Math.floor(share * (index + 0.5 + 0.4 * dice()))
    orders.readTo(at)
    await patient.until(`event ${at} is read`, () => orders.position >= at)
    // Events go on while it happens.
    orders.readTo(Math.floor(share * (index + 1)))
    if (trouble === 'kill') await killOne(patient, orders)
    else {
      const others = [1, 2, 3, WORKERS_MAX].filter((count) => count !== workers)
      workers = others[Math.floor(dice() * others.length)] as number
      await rescaleTo(patient, workers)
    }
  }
  orders.readToEnd()
}

async function killOne(patient: PatientRun, orders: ChaosOrders): Promise<void> {
  const { execution } = patient
  const { restarts } = execution.status()
  orders.killOne()
  await patient.until('the job is back after the loss of a worker', () => {
    const status = execution.status()
    return orders.obeyed && status.restarts > restarts && status.state === 'running'
  })
}

/** A rescale that a restart gets in the way of is asked for again when the job is back. */
async function rescaleTo({ execution, until }: PatientRun, workers: number): Promise<void> {
  let why: unknown
  await until(`it is rescaled to ${workers} workers`, async () => {
    if (execution.status().state !== 'running') return false
    try {
      await execution.rescale(workers)
      return true
    } catch (error) {
      why = error
      return false
    }
  }).catch((error) => {
    throw why ?? error
  })
}

/** Waits for what a run is to come to, unless it ends before. */
class PatientRun {
  readonly execution: Execution
  #ended = false

  constructor(execution: Execution) {
    this.execution = execution
    const end = () => {
      this.#ended = true
    }
    // Why it has ended, whoever waits for `finished` hears.
    execution.finished.then(end, end)
  }

  readonly until = async (what: string, reached: () => boolean | Promise<boolean>): Promise<void> => {
    const { job } = this.execution.status()
    const last = performance.now() + PATIENCE_MS
    while (!this.#ended && !(await reached())) {
      if (performance.now() > last) {
        throw new MalstromError('ERR_TIMEOUT', `Job "${job}" was given ${PATIENCE_MS} ms until ${what}, and has not got there.`)
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }
}

/** Numbers from 0 to below 1 that a seed decides (mulberry32, Tommy Ettinger). */
function diceOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function shuffled<V>(values: readonly V[], dice: () => number): V[] {
  const rest = [...values]
  return values.map(() => rest.splice(Math.floor(dice() * rest.length), 1)[0] as V)
}
