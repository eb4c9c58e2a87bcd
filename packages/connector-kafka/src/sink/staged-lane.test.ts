import { describe, expect, it } from 'vitest'
import type { KafkaPort, TransactionLane } from '../client/kafka-port.ts'
import { LaneWorld, type Plant } from '../fixture/lane-world.ts'

/** Few, so that everybody may run them often; `SEEDS=20000` explores. */
const SEEDS = Number(process.env.SEEDS ?? 150)
const PLANTED_SEEDS_MAX = 2_000

/** Seeds that found something once. 7019: somebody else wrote what the first snapshot staged while its owner looked for the first marker. */
const REGRESSIONS = [7019]

async function firstFailure(eager: boolean, seeds: number, plant?: Plant): Promise<string | undefined> {
  for (const seed of [...REGRESSIONS, ...Array.from({ length: seeds }, (_, i) => i)]) {
    const problem = await new LaneWorld({ seed, eager, ...(plant !== undefined && { plant }) }).run()
    if (problem !== undefined) return `seed ${seed}: ${problem}`
  }
  return undefined
}

describe.each([{ eager: false }, { eager: true }])('a lane with eager $eager', ({ eager }) => {
  it('brings every record to its readers once, in order, whatever is killed, lost or late', { timeout: 600_000 }, async () => {
    expect(await firstFailure(eager, SEEDS)).toBeUndefined()
  })
})

/** The port, with some of its lanes' methods replaced, and some of its own. */
function planted(replace: (lane: TransactionLane, port: KafkaPort) => Partial<TransactionLane>, own: Partial<KafkaPort> = {}): Plant {
  return (port) => {
    const lane = (id: string, timeoutMs: number): TransactionLane => {
      const sound = port.lane(id, timeoutMs)
      const methods = { fence: () => sound.fence(), write: sound.write.bind(sound), end: sound.end.bind(sound) }
      return { ...methods, ...replace(sound, port) }
    }
    return new Proxy(port, {
      get(target, name) {
        const member = (name === 'lane' ? lane : (Reflect.get(own, name) ?? Reflect.get(target, name))) as unknown
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  }
}

const PLANTS: readonly { readonly bug: string; readonly eager: boolean; readonly plant: Plant }[] = [
  {
    bug: 'an end of a transaction without an answer counts as committed',
    eager: false,
    plant: planted((lane) => ({
      end: async (commit) => {
        const answer = await lane.end(commit)
        return answer.outcome === 'unknown' ? { outcome: 'ok' } : answer
      },
    })),
  },
  {
    bug: 'the end of the commit topic is asked for before the fence',
    eager: false,
    plant(port) {
      let ends: ReadonlyMap<number, number> = new Map()
      const early = planted(
        (lane) => ({
          fence: async () => {
            ends = await port.offsets('commits', [0], 'latest')
            await lane.fence()
          },
        }),
        { offsets: async () => ends },
      )
      return early(port)
    },
  },
  {
    bug: 'an owner that was fenced takes it for success',
    eager: true,
    plant: planted((lane) => ({
      write: async (...write) => ({ ...(await lane.write(...write)), outcome: 'ok' }),
      end: async (commit) => ({ ...(await lane.end(commit)), outcome: 'ok' }),
    })),
  },
  {
    bug: 'the marker is outside the transaction',
    eager: false,
    plant: planted((lane, port) => ({
      write: async (topic, partition, batch) => {
        if (topic !== 'commits') return lane.write(topic, partition, batch)
        const { outcome } = await port.produce(topic, partition, batch)
        return { outcome: outcome === 'ok' ? 'ok' : 'unknown' }
      },
    })),
  },
  {
    bug: 'a fence answers before it is over',
    eager: false,
    plant: planted((lane) => {
      let fencing: Promise<unknown> = Promise.resolve()
      return {
        fence: async () => {
          fencing = lane.fence().catch(() => {})
        },
        write: async (...write) => {
          await fencing
          return lane.write(...write)
        },
        end: async (commit) => {
          await fencing
          return lane.end(commit)
        },
      }
    }),
  },
]

it.each(PLANTS)('the world finds a planted bug: $bug', { timeout: 600_000 }, async ({ eager, plant }) => {
  expect(await firstFailure(eager, PLANTED_SEEDS_MAX, plant)).toMatch(/^seed \d+: /)
})
