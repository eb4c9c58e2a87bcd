import { MalstromError } from '@malstrom/core'
import type { ClusterNode, ClusterOptions, RedisOptions } from 'ioredis'

/** Where Redis is. Without `url`, `redis` or `cluster` it is `redis://127.0.0.1:6379`. */
export interface RedisAddress {
  /** `redis://[user:password@]host[:port][/database]`; `rediss://` for TLS. */
  readonly url?: string
  /**
   * Options of ioredis: `host`, `port`, `username`, `password`, `db`, `tls`, and `sentinels` with `name`. Also beside `url`. How commands
   * are repeated after a lost connection is decided here and not by them. A `socketTimeout` is longer than the 5 s that a read waits.
   */
  readonly redis?: RedisOptions
  /** A Redis Cluster; credentials and TLS go into `options.redisOptions`. */
  readonly cluster?: { readonly nodes: readonly ClusterNode[]; readonly options?: ClusterOptions }
  /** How long opening waits for a server that does not answer, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number
}

export const ADDRESS_OPTIONS = ['url', 'redis', 'cluster', 'connectTimeoutMs']

const DEFAULT_URL = 'redis://127.0.0.1:6379'

/** An address without its credentials, for messages. */
export function addressName(owner: string, address: RedisAddress): string {
  const { url, redis, cluster, connectTimeoutMs = 1 } = address
  const refuse = (problem: string) => new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: ${problem}`)
  if (cluster !== undefined && (url ?? redis) !== undefined) {
    throw refuse('cluster excludes url and redis. Options for its nodes go into cluster.options.redisOptions.')
  }
  for (const options of [redis, cluster?.options, cluster?.options?.redisOptions]) {
    if (options?.keyPrefix) throw refuse('keyPrefix is not supported. Write the prefix into the names of the streams.')
  }
  if (!(connectTimeoutMs > 0)) throw refuse(`connectTimeoutMs is ${connectTimeoutMs}. Give milliseconds above 0.`)
  if (cluster !== undefined) {
    if (cluster.nodes.length === 0) throw refuse('the cluster has no nodes. Name at least one.')
    return cluster.nodes.map(nodeName).join(', ')
  }
  if (redis?.sentinels !== undefined && redis.sentinels !== null) return `the master "${redis.name}" of the sentinels`
  if (url === undefined && redis !== undefined) return redis.path ?? `${redis.host ?? '127.0.0.1'}:${redis.port ?? 6379}`
  return urlName(url ?? DEFAULT_URL, refuse)
}

function urlName(url: string, refuse: (problem: string) => MalstromError): string {
  // What is wrong with it is not shown: it may hold a password.
  const example = 'It has the form redis://user:password@host:6379/0, or rediss:// for TLS; a / in a password is written %2F.'
  if (!URL.canParse(url)) throw refuse(`the url cannot be read. ${example}`)
  const { protocol, host, pathname } = new URL(url)
  if ((protocol !== 'redis:' && protocol !== 'rediss:') || host === '') throw refuse(`the url is not one of Redis. ${example}`)
  if (!/^\/?\d*$/.test(pathname)) throw refuse(`after the host comes the number of a database, not "${pathname}". ${example}`)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}

function nodeName(node: ClusterNode): string {
  if (typeof node === 'number') return `127.0.0.1:${node}`
  if (typeof node === 'object') return `${node.host ?? '127.0.0.1'}:${node.port ?? 6379}`
  return URL.canParse(node) && node.includes('//') ? new URL(node).host : node
}
