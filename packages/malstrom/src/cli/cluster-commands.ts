import { join } from 'node:path'
import { type ClusterControl, type ClusterStatus, clusterControl } from '@malstrom/runtime'
import { COORDINATOR_ADDRESS, type PlaceChoice } from './cluster-arguments.ts'
import { readKeys } from './cluster-keys.ts'
import type { Command } from './command-line.ts'
import { Interruption } from './interruption.ts'
import { engineOf, loadJob, transportFor, withParamsHint, workersOptions } from './load-job.ts'
import { printable } from './printable.ts'
import { count, countsText, runToEnd, stateText } from './run-to-end.ts'
import { persistenceFromUrl } from './state-url.ts'

/** Coordinates a job whose workers are started by hand; answers the exit status. */
export async function coordinatorCommand(command: Extract<Command, { command: 'coordinator' }>): Promise<number> {
  const { quiet, workers, silenceMs, place, state } = command
  const loaded = await loadJob(command)
  const { cluster } = await engineOf(loaded.path)
  const runtime = cluster({
    ...workersOptions(state),
    ...placeOptions(place, quiet),
    workers,
    transport: transportFor(loaded.path),
    listen: place.listen ?? COORDINATOR_ADDRESS,
    ...(silenceMs === undefined ? {} : { workerSilenceMs: silenceMs }),
  })
  const start = () =>
    runtime.start(loaded.job, loaded.params).catch((error) => {
      throw withParamsHint(error, loaded)
    })
  return runToEnd({ quiet, keepsState: state.url !== undefined || loaded.job.persistence !== undefined, start, startsIdle: true })
}

/** Takes part in a job that is coordinated elsewhere; answers the exit status. */
export async function workerCommand(command: Extract<Command, { command: 'worker' }>): Promise<number> {
  const { quiet, coordinator = COORDINATOR_ADDRESS, place } = command
  const { path, job } = await loadJob({ ...command, params: undefined })
  const { joinCluster } = await engineOf(path)
  const interruption = new Interruption(false, () => {
    if (!quiet) process.stderr.write('malstrom: leaving; Ctrl-C again ends the process at once\n')
  })
  try {
    const joined = joinCluster({
      ...placeOptions(place, quiet),
      job,
      coordinator,
      transport: transportFor(path),
      openState: persistenceFromUrl,
      ...(place.listen === undefined ? {} : { listen: place.listen }),
    })
    interruption.started({ cancel: () => joined.leave(), suspend: () => joined.leave() })
    const how = await joined.ended
    if (!quiet && how !== 'left') process.stderr.write(`malstrom: job "${job.name}" ended: ${how}\n`)
    return interruption.status ?? 0
  } finally {
    interruption.stop()
  }
}

/** What a coordinator tells of its job, as text or JSON. */
export async function statusCommand({ address, keys, json }: Extract<Command, { command: 'status' }>): Promise<string> {
  const status = await asked(address, keys, (control) => control.status())
  return json ? `${JSON.stringify(printable(status))}\n` : statusText(status)
}

/** Why nothing comes out of a job, as text or JSON. */
export async function explainCommand({ address, keys, json }: Extract<Command, { command: 'explain' }>): Promise<string> {
  const explanation = await asked(address, keys, (control) => control.explain())
  return json ? `${JSON.stringify(printable(explanation))}\n` : explanation.text
}

/** Changes the number of workers of a running job; answers what to print. */
export async function rescaleCommand({ address, workers, keys }: Extract<Command, { command: 'rescale' }>): Promise<string> {
  return asked(address, keys, async (control) => {
    await control.rescale(workers)
    return `The job runs on ${workers} ${workers === 1 ? 'worker' : 'workers'} now.\n`
  })
}

async function asked<T>(coordinator: string, keys: string | undefined, ask: (control: ClusterControl) => Promise<T>): Promise<T> {
  const security = readKeys(keys)
  const transport = transportFor(join(process.cwd(), 'job.mjs'))
  const control = await clusterControl({ coordinator, transport, ...(security === undefined ? {} : { security }) })
  try {
    return await ask(control)
  } finally {
    control.close()
  }
}

function statusText({ job, workers, spares }: ClusterStatus): string {
  const { snapshot, restarts } = job
  return [
    `job "${job.job}" ${stateText[job.state]}`,
    countsText(job),
    `last snapshot ${snapshot ?? 'none'}, ${count(restarts)} restarts`,
    ...workers.map(({ worker, address }) => `worker ${worker}  ${address}`),
    ...spares.map((address) => `spare  ${address}`),
    '',
  ].join('\n')
}

function placeOptions({ advertise, keys, joinLimitMs }: PlaceChoice, quiet: boolean) {
  const security = readKeys(keys)
  return {
    ...(advertise === undefined ? {} : { advertisedHost: advertise }),
    ...(security === undefined ? {} : { security }),
    ...(joinLimitMs === undefined ? {} : { joinLimitMs }),
    ...(quiet ? { logger: () => {} } : {}),
  }
}
