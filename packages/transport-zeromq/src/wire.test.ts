import { expect, it } from 'vitest'
import {
  asksToSendAgain,
  expectedOf,
  type Hello,
  kindOf,
  numberOf,
  readHello,
  readRefusal,
  tokenOf,
  writeCredit,
  writeDataHeader,
  writeHello,
  writeRefusal,
  writeStatus,
} from './wire.ts'

const hello: Hello = {
  echo: 0x0102_0304_0506,
  token: 0xfffe_fdfc_fbfa,
  frameBytesMax: 65_536,
  channelBytesMax: 1_024,
  session: 'job, ü',
  from: 3,
  to: 'coordinator',
}

it('the bytes of a hello are those that older processes understand', () => {
  expect(writeHello(hello).toString('hex')).toBe(
    '4d010100010203040506' + 'fffefdfcfbfa' + '00010000' + '00000400' + '00076a6f622c20c3bc' + '000133' + '000b636f6f7264696e61746f72',
  )
})

it('a hello may say where its sender is, behind what older processes read', () => {
  const place = { address: 'tcp://a:1', publicKey: '' }
  const bytes = writeHello({ ...hello, place })
  expect(bytes.toString('hex')).toBe(`${writeHello(hello).toString('hex')}00097463703a2f2f613a310000`)
  expect(readHello(bytes)).toEqual({ ...hello, place })
  expect(() => readHello(bytes.subarray(0, -1))).toThrow(RangeError)
})

it('the bytes of data, status, bye and refusal are those that older processes understand', () => {
  const data = Buffer.alloc(22)
  writeDataHeader(data, 0, 1, 2, 3)
  expect(data.toString('hex')).toBe('4d010200000000000001000000000002000000000003')
  expect(writeStatus('status', 1, 2, 3, true).toString('hex')).toBe('4d010301000000000001000000000002000000000003')
  expect(writeStatus('bye', 1, 2, 3, false).toString('hex')).toBe('4d010400000000000001000000000002000000000003')
  expect(writeRefusal('never', 7, 'no').toString('hex')).toBe('4d0105010000000000076e6f')
  const credit = new Uint8Array(12)
  writeCredit(credit, 1, 5, 6)
  expect(Buffer.from(credit).toString('hex')).toBe('000000000500000000000600')
})

it('what was written is read again', () => {
  expect(readHello(writeHello(hello))).toEqual(hello)
  const status = writeStatus('status', 9, 10, 11, true)
  expect([kindOf(status), tokenOf(status), numberOf(status), expectedOf(status), asksToSendAgain(status)]).toEqual([
    'status',
    9,
    10,
    11,
    true,
  ])
  expect(readRefusal(writeRefusal('closed', 7, 'it is over'))).toEqual({ refusal: 'closed', token: 7, reason: 'it is over' })
})

it('what is no message says why', () => {
  expect(kindOf(Buffer.alloc(0))).toHaveProperty('malformed')
  expect(kindOf(Buffer.from('GET / HTTP/1.1'))).toHaveProperty('malformed')
  const other = writeHello(hello)
  other[1] = 9
  expect(kindOf(other)).toEqual({ malformed: 'it speaks version 9 of the protocol, and this is version 1' })
  other[1] = 1
  other[2] = 77
  expect(kindOf(other)).toHaveProperty('malformed')
})

it('a hello that is cut off anywhere is refused', () => {
  const whole = writeHello(hello)
  for (let length = 10; length < whole.length; length++) expect(() => readHello(whole.subarray(0, length))).toThrow(RangeError)
})
