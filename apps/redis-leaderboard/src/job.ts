import { jsonField, redisPublish, redisSortedSet, redisSource } from '@malstrom/connector-redis'
import { defineJob, diskPersistence } from 'malstrom'

export interface Points {
  readonly player: string
  readonly points: number
}

export interface Params {
  readonly url: string
  /** The stream of points, the sorted set of totals, and the channel that hears of round ones. */
  readonly points: string
  readonly leaders: string
  readonly channel: string
  /** Where the state is kept. */
  readonly directory: string
}

/** How many points each player has, in a sorted set. Whoever reaches the next thousand is announced. */
export default defineJob({
  name: 'redis-leaderboard',
  module: import.meta.url, // every thread imports this file
  persistence: ({ directory }: Params) => diskPersistence(directory),
  build(flow, { url, points, leaders, channel }: Params) {
    const totals = flow
      .source('points', redisSource({ url, stream: points, decode: jsonField<Points>() }))
      .keyDistribute('by-player', ({ player }) => player)
      .fold(
        'total',
        () => ({ points: 0, before: 0 }),
        (total, { points }) => ({ points: total.points + points, before: total.points }),
      )
    const [toSet, toChannel] = totals.cloned('both', 2)
    toSet.sink('leaders', redisSortedSet({ url, set: leaders, score: (total) => total.points }))
    toChannel
      .filter('thousand', (total) => Math.floor(total.points / 1_000) > Math.floor(total.before / 1_000))
      .sink('announce', redisPublish({ url, channel, message: (total, player) => `${player} has ${total.points} points` }))
  },
})
