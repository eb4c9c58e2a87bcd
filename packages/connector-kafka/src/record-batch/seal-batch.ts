import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  CRC_AT,
  NO_PRODUCER_ID,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  TRANSACTIONAL_BIT,
} from './batch-layout.ts'
import { crc32c } from './crc32c.ts'

/** Who writes a batch: the broker refuses a sequence that does not follow the one before, and an epoch that is over. */
export interface BatchProducer {
  readonly id: bigint
  readonly epoch: number
  /** The number of the first record, per partition and epoch, from 0. */
  readonly sequence: number
}

/** Fills in what an unsealed batch left open: the producer of its transaction, if it is to be in one, and the checksum. */
export function sealBatch(batch: Buffer, producer: BatchProducer | undefined): void {
  const attributes = batch.readInt16BE(ATTRIBUTES_AT)
  batch.writeInt16BE(producer === undefined ? attributes & ~TRANSACTIONAL_BIT : attributes | TRANSACTIONAL_BIT, ATTRIBUTES_AT)
  batch.writeBigInt64BE(producer?.id ?? NO_PRODUCER_ID, PRODUCER_ID_AT)
  batch.writeInt16BE(producer?.epoch ?? -1, PRODUCER_EPOCH_AT)
  batch.writeInt32BE(producer?.sequence ?? -1, BASE_SEQUENCE_AT)
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT, batch.length), CRC_AT)
}
