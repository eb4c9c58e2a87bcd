import type { Key, SourceNode } from '@malstrom/core'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import { attribute } from '../worker/failure.ts'
import { checkPartitions } from './check-partitions.ts'

export interface ListOptions {
  readonly job: string
  readonly environment: Environment
  readonly waitLimitMs: number
}

/** The partitions that a source lists now. */
export async function listPartitions(node: SourceNode, { job, environment, waitLimitMs }: ListOptions): Promise<readonly Key[]> {
  const list = async () => checkPartitions(await node.source.listPartitions())
  try {
    return await withDeadline(environment, waitLimitMs, `source "${node.name}" to list its partitions`, list())
  } catch (error) {
    throw attribute(error, node, job)
  }
}
