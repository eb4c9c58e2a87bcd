import { MalstromError } from '@malstrom/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { recordsToBatch } from '../../fixture/batches.ts'
import { findCoordinatorRequest, offsetCommitRequest, offsetFetchRequest } from './coordinator.ts'
import { createTopicRequest } from './create-topic.ts'
import { fetchRequest } from './fetch.ts'
import { listOffsetsRequest } from './list-offsets.ts'
import { metadataRequest } from './metadata.ts'
import { produceRequest } from './produce.ts'
import { addPartitionRequest, endTransactionRequest, initProducerIdRequest } from './transactions.ts'
import { decodeAnswer, encodeRequest, type WireRequest } from './wire-request.ts'

const producer = { id: 4_000n, epoch: 2 }
const batch = recordsToBatch([{ key: undefined, value: Buffer.from('v'), timestamp: 0, headers: [] }])
const options = { maxWaitMs: 100, maxBytes: 1_000, isolation: 'committed' } as const

const requests: WireRequest<unknown>[] = [
  metadataRequest(['orders', 'größe']),
  listOffsetsRequest('orders', [0, 1], { timestamp: 5 }),
  fetchRequest([{ topic: 'orders', partition: 1, offset: 2 ** 40, maxBytes: 100 }], options),
  produceRequest({ topic: 'orders', partition: 1, batch, timeoutMs: 100, transaction: undefined }),
  findCoordinatorRequest('group', 'group'),
  offsetCommitRequest('group', [{ topic: 'orders', partition: 1, offset: 7 }]),
  offsetFetchRequest('group', 'orders', [1]),
  initProducerIdRequest('lane', 1_000),
  addPartitionRequest('lane', producer, 'orders', 1),
  endTransactionRequest('lane', producer, true),
  createTopicRequest({ topic: 'orders', partitions: 1, replicas: 1, config: { 'cleanup.policy': 'compact' } }, 1_000),
]

it.each(requests.map((request) => [request.apiName, request] as const))(
  'an answer to %s that is cut off or wrong is an error, and takes no more memory than it has',
  (_, request) => {
    const answer = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // Counts and lengths that lie.
      fc.array(fc.constantFrom(0, 0, 0, 1, 0x7f, 0xff), { maxLength: 60 }).map((bytes) => Uint8Array.from(bytes)),
    )
    fc.assert(
      fc.property(answer, (bytes) => {
        try {
          decodeAnswer(request, Buffer.from(bytes))
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalstromError)
        }
      }),
      { numRuns: 300 },
    )
  },
)

// What a broker of Kafka 3.9 has accepted in the e2e tests; bytes on the wire do not change unnoticed.
it('requests have the bytes that they had', () => {
  const made = requests.map((request) => `${request.apiName} v${request.apiVersion} ${encodeRequest(request).toString('hex')}`)
  expect(made).toMatchSnapshot()
})
