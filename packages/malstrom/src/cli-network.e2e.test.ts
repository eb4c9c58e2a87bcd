import { afterEach, expect, it } from 'vitest'
import { ClusterFolder } from './fixture/cluster-folder.ts'
import { Network } from './fixture/network.ts'

const obstacle = Network.obstacle()
if (obstacle !== undefined) console.warn(`Skips what needs a network of its own: ${obstacle}.`)

let cluster: ClusterFolder | undefined
let network: Network | undefined
afterEach(async () => {
  await cluster?.dispose()
  network?.dispose()
})

it.skipIf(obstacle !== undefined)(
  'a job on several machines goes on when a link was cut and is healed, and every record counts once',
  { timeout: 120_000 },
  async () => {
    network = new Network()
    const machines = [1, 2, 3].map((host) => network?.addMachine(`10.77.0.${host}`) ?? [])
    const folder = await ClusterFolder.make('tcp://10.77.0.1:7070')
    cluster = folder
    const coordinator = folder.runBehind(machines[0] ?? [], [...folder.coordinatorArguments(2), '--worker-silence', '2s'])
    const [near, far] = [1, 2].map((machine) => folder.runBehind(machines[machine] ?? [], folder.workerArguments()))
    await folder.progress()
    expect(near?.stderr).toMatch(/as tcp:\/\/10\.77\.0\.2:\d+/)

    // While it is cut off, nothing can be committed: the other worker alone is too few.
    network.set(2, 'down')
    await coordinator.says('1 of 2 workers are there.', 2)
    network.set(2, 'up')
    await far?.says('It joins again.')
    await far?.says('Has joined job "counts"', 2)
    await folder.progress()

    // The coordinator is cut off from both.
    network.set(0, 'down')
    await coordinator.says('0 of 2 workers are there.', 2)
    network.set(0, 'up')
    await folder.progress()
    await folder.finish(coordinator)
    for (const worker of [near, far]) expect(await worker?.ended()).toBe(0)
  },
)
