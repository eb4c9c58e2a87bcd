import { endStreamFile, repairStreamFile, type StreamFileReport, type StreamSummary, verifyStreamFile } from '@malstrom/connector-file'
import type { Command } from './command-line.ts'

/** Looks into a stream file, repairs it or ends it; answers what to print and the exit status. */
export async function streamFileCommand(
  command: Extract<Command, { command: 'stream-file' }>,
): Promise<{ readonly text: string; readonly status: number }> {
  const { path, action, discardAfterDamage, json } = command
  if (action === 'end') await endStreamFile(path)
  if (action === 'repair') {
    const { before, removedBytes } = await repairStreamFile(path, { discardAfterDamage })
    const what =
      removedBytes === 0 ? 'is sound, and stays as it is' : `had ${before.bytes} bytes, and the last ${removedBytes} were cut off`
    return { text: `The stream file "${path}" ${what}: ${before.messages} messages.\n`, status: 0 }
  }
  const report = await verifyStreamFile(path)
  const text = json ? `${JSON.stringify(report, bigintText)}\n` : reportText(report)
  return { text, status: report.problem === undefined ? 0 : 1 }
}

const stateText: Record<StreamFileReport['state'], string> = {
  open: 'sound, without a mark of the end',
  ended: 'sound, and ended',
  cut: 'cut off',
  damaged: 'DAMAGED',
}

function reportText({ path, bytes, header, messages, beacons, streams, state, soundBytes, problem }: StreamFileReport): string {
  const made = header === undefined ? '' : `, made ${new Date(header.createdAt).toISOString()}, ${beacons} beacons`
  const lines = [`Stream file "${path}": ${stateText[state]}, ${messages} messages, ${bytes} bytes${made}`, ...streams.map(streamText)]
  if (problem !== undefined) {
    const choice = state === 'damaged' ? ' --discard-after-damage' : ''
    const advice = header === undefined ? '' : ` malstrom stream-file ${path} repair${choice} cuts off the rest.`
    lines.push(`${problem} The first ${soundBytes} bytes are sound.${advice}`)
  }
  return lines.map((line) => `${line}\n`).join('')
}

function streamText({ key, shard, messages, firstSequence, lastSequence, firstTimestamp, lastTimestamp }: StreamSummary): string {
  const times = [firstTimestamp, lastTimestamp].map((time) => new Date(time).toISOString()).join(' to ')
  return `  ${key}, shard ${shard}: ${messages} messages, ${firstSequence} to ${lastSequence}, ${times}`
}

/** As text: numbers of 64 bits are more than JSON.parse can read. */
function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
