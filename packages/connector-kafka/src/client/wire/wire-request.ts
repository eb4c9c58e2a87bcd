import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

/** A request in a version that is neither "flexible" nor gone from Kafka 4, and how its answer is read. */
export interface WireRequest<A> {
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
  write(writer: WireWriter): void
  read(reader: WireReader): A
  /** Whether an answer begins with how long the broker wants no more requests (KIP-219), and the client is to wait. */
  readonly isThrottled?: boolean
}

export function encodeRequest(request: WireRequest<unknown>): Buffer {
  const writer = new WireWriter()
  request.write(writer)
  return writer.take()
}

export function decodeAnswer<A>(request: WireRequest<A>, bytes: Buffer): A {
  return request.read(new WireReader(bytes))
}
