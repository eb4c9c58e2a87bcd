import { type FileHandle, open } from 'node:fs/promises'
import { MalstromError } from '@malstrom/core'
import { checkByteBound } from '../check-options.ts'
import { fileError } from '../file-error.ts'
import { endOfStream, HEADER_BYTES } from './format.ts'
import { MESSAGE_BYTES_MAX } from './stream-file-decoder.ts'
import { StreamFileEncoder } from './stream-file-encoder.ts'
import { type StreamFileReport, scanStreamFile, type VerifyOptions, verifyStreamFile } from './verify-stream-file.ts'

export interface RepairOptions extends VerifyOptions {
  /** Cut a file that is damaged where the damage begins, although sound messages may follow. @default false */
  readonly discardAfterDamage?: boolean
}

export interface StreamFileRepair {
  /** The file as it was. */
  readonly before: StreamFileReport
  /** How much was cut off; 0 if nothing was to be done. */
  readonly removedBytes: number
}

/**
 * Cuts off the part of a message that a crash has left at the end of a stream file, so that it can be read to its end
 * and written on. Nobody may write to it meanwhile. A damaged file is left alone with `ERR_RECORD_INVALID`, unless
 * `discardAfterDamage`; one without a sound header cannot be repaired.
 */
export async function repairStreamFile(path: string, options: RepairOptions = {}): Promise<StreamFileRepair> {
  const before = await verifyStreamFile(path, options)
  const { state, bytes, soundBytes } = before
  if (state === 'open' || state === 'ended') return { before, removedBytes: 0 }
  if (soundBytes < HEADER_BYTES)
    throw refusal(path, `${before.problem} Without its header nothing in it can be read, so it cannot be repaired.`)
  if (state === 'damaged' && options.discardAfterDamage !== true) {
    const choice = `Pass discardAfterDamage: true to cut off the last ${bytes - soundBytes} of ${bytes} bytes; keep a copy.`
    throw refusal(path, `${before.problem} ${choice}`)
  }
  await change(path, (handle) => handle.truncate(soundBytes))
  return { before, removedBytes: bytes - soundBytes }
}

/** Writes the mark of the end to a stream file, so that readers who follow it finish. Does nothing if it is there. */
export async function endStreamFile(path: string, options: VerifyOptions = {}): Promise<void> {
  const maxMessageBytes = checkByteBound('endStreamFile', 'maxMessageBytes', options.maxMessageBytes ?? MESSAGE_BYTES_MAX)
  const { report, written } = await scanStreamFile(path, maxMessageBytes)
  if (report.state === 'ended') return
  if (report.state !== 'open' || written === undefined) throw refusal(path, `${report.problem} Repair it before, with repairStreamFile.`)
  const bytes = new StreamFileEncoder(written).encode(endOfStream(Date.now()))
  await change(path, async (handle) => {
    await handle.write(bytes, 0, bytes.length, report.bytes)
  })
}

async function change(path: string, act: (handle: FileHandle) => Promise<void>): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r+')
    await act(handle)
    await handle.sync()
  } catch (thrown) {
    throw fileError('written', path, thrown)
  } finally {
    await handle?.close()
  }
}

function refusal(path: string, problem: string): MalstromError {
  return new MalstromError('ERR_RECORD_INVALID', `The stream file "${path}" stays as it is: ${problem}`, { context: { path } })
}
