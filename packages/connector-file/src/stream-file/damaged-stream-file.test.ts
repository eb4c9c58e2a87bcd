import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { readUntilFailure } from '../fixture/read-partition.ts'
import { hellos, numbers, numbersOf, TestedStreamFile } from '../fixture/stream-files.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { HEADER_BYTES } from './format.ts'
import { endStreamFile, repairStreamFile } from './repair-stream-file.ts'
import { streamFile } from './stream-file.ts'
import { verifyStreamFile } from './verify-stream-file.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

let folder: TemporaryFolder
let path: string
let file: TestedStreamFile
beforeEach(() => {
  folder = new TemporaryFolder()
  path = folder.file('x.ss')
  file = new TestedStreamFile(path)
})
afterEach(() => folder[Symbol.dispose]())

describe('a file that is cut anywhere', () => {
  it('gives every message that is whole, says where it is cut, and is repaired', async () => {
    await file.write(hellos(0, 30))
    await endStreamFile(path)
    const whole = readFileSync(path)
    let messages = 0
    // Every length near a beacon or the end of the header, and some of the others.
    for (let length = 0; length < whole.length; length += length % 1024 < 12 || Math.abs(length - 130) < 5 ? 1 : 31) {
      writeFileSync(path, whole.subarray(0, length))
      const report = await verifyStreamFile(path)
      expect(report.messages).toBeGreaterThanOrEqual(messages)
      messages = report.messages
      if (length < HEADER_BYTES) {
        expect(report).toMatchObject({ state: 'cut', soundBytes: 0, messages: 0, problem: expect.stringContaining('a header has 128') })
        await expect(repairStreamFile(path)).rejects.toMatchObject({
          code: 'ERR_RECORD_INVALID',
          message: expect.stringContaining('cannot be repaired'),
        })
        continue
      }
      expect(report.state).toBe(report.soundBytes === length ? 'open' : 'cut')
      const { removedBytes } = await repairStreamFile(path)
      expect(removedBytes).toBe(length - report.soundBytes)
      expect(await verifyStreamFile(path)).toMatchObject({
        state: 'open',
        messages,
        bytes: report.soundBytes,
        soundBytes: report.soundBytes,
      })
    }
    expect(messages).toBe(30)
  })

  it('is an error when it is read, after what is whole, and goes on when it is repaired and written on', async () => {
    await file.write(hellos(0, 30))
    for (const cut of [1, 10, 500, 1000]) {
      const { messages, bytes } = await verifyStreamFile(path)
      truncateSync(path, bytes - cut)
      const { failure, values } = await readUntilFailure(streamFile(path))
      expect(numbersOf(values)).toEqual(numbers(0, values.length))
      expect(failure).toMatchObject({
        code: 'ERR_RECORD_INVALID',
        message: expect.stringMatching(
          /x\.ss" is damaged at byte \d+: it is cut off in the middle of a message, or one is being written\. .*repairStreamFile/,
        ),
        context: { path },
      })
      await repairStreamFile(path)
      await file.write(hellos(values.length, messages), { append: true })
      expect(await file.numbers()).toEqual(numbers(0, messages))
      expect(await verifyStreamFile(path)).toMatchObject({ state: 'open', beaconsThatDiffer: 0 })
    }
  })
})

describe('a file that is damaged', () => {
  it('at any byte gives no payload that was not written', async () => {
    await file.write(hellos(0, 20))
    await endStreamFile(path)
    const whole = readFileSync(path)
    // With the mark of the end, which is a message of another stream when its key is damaged.
    const payloads = new Set(['EOS', ...hellos(0, 20).map(({ payload }) => String(payload))])
    const property = fc.asyncProperty(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ change
      const copy = folder.file('damaged.ss', damaged)
      const report = await verifyStreamFile(copy)
      expect(report.messages).toBeLessThanOrEqual(21)
      const { values, failure } = await readUntilFailure(streamFile(copy))
      for (const { payload } of values) expect(payloads.has(String(payload))).toBe(true)
      // Without a failure the damage is in a key, a number, or a name, which no checksum covers.
      if (String(failure).includes('It did not fail')) expect(values.length).toBeLessThanOrEqual(21)
      else expect(failure).toMatchObject({ code: expect.stringMatching(/^ERR_RECORD_(INVALID|TOO_LARGE)$/) })
    })
    await fc.assert(property, { numRuns: 150, interruptAfterTimeLimit: 5000 })
  })

  it('in a payload is an error with its place, and is only cut if that is wanted', async () => {
    const { length } = await file.write(hellos(0, 20))
    const bytes = readFileSync(path)
    const at = bytes.indexOf('hello 12 ')
    bytes[at] = 0x48
    writeFileSync(path, bytes)
    const { failure, values } = await readUntilFailure(streamFile(path))
    expect(numbersOf(values)).toEqual(numbers(0, 12))
    expect(failure).toMatchObject({
      code: 'ERR_RECORD_INVALID',
      message: expect.stringMatching(/a message has the checksum [0-9a-f]{4}, and [0-9a-f]{4} is written/),
    })
    expect(await verifyStreamFile(path)).toMatchObject({ state: 'damaged', messages: 12, problem: expect.stringContaining('checksum') })
    await expect(repairStreamFile(path)).rejects.toMatchObject({
      message: expect.stringMatching(/stays as it is: .*discardAfterDamage: true to cut off the last/),
    })
    expect(statSync(path).size).toBe(length)
    const { removedBytes } = await repairStreamFile(path, { discardAfterDamage: true })
    expect(removedBytes).toBe(length - statSync(path).size)
    expect(await file.numbers()).toEqual(numbers(0, 12))
  })

  it('in a size is an error, and no reason to take much memory', async () => {
    await file.write([{ key: 'a', payload: 'x' }])
    const bytes = readFileSync(path)
    bytes.writeUInt32BE(2 ** 31, HEADER_BYTES + 2 + 24)
    writeFileSync(path, bytes)
    const { failure } = await readUntilFailure(streamFile(path, { follow: true }))
    expect(failure).toMatchObject({
      code: 'ERR_RECORD_TOO_LARGE',
      message: expect.stringContaining('2147483648 bytes, and 16777216 are allowed'),
    })
  })

  it('because something follows its end says so', async () => {
    await file.write(hellos(0, 2))
    await endStreamFile(path)
    appendFileSync(path, 'x')
    expect(await verifyStreamFile(path)).toMatchObject({ state: 'damaged', messages: 2, problem: expect.stringContaining('after the end') })
  })

  it('or no file at all says so', async () => {
    await expect(verifyStreamFile(folder.file('none'))).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringContaining('no such file'),
    })
    mkdirSync(folder.file('dir'))
    await expect(verifyStreamFile(folder.file('dir'))).rejects.toMatchObject({ code: 'ERR_FILE' })
    copyFileSync(folder.file('plain', 'Ss'), path)
    expect(await verifyStreamFile(path)).toMatchObject({ state: 'cut', bytes: 2, header: undefined })
    rmSync(path)
  })
})
