import { MalstromError } from '@malstrom/core'
import { curveKeyPair } from 'zeromq'

/** A CURVE key pair: 40 characters each, in the Z85 alphabet. The secret key never leaves its process. */
export interface Keys {
  readonly publicKey: string
  readonly secretKey: string
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
const KEY = /^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/

/** New keys for one process. */
export function generateKeys(): Keys {
  return curveKeyPair()
}

/** The 32 bytes of a public key, in hexadecimal digits. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function fingerprintOf(publicKey: unknown): string {
  checkKey(publicKey, 'a public key')
  const bytes = Buffer.alloc(32)
  for (let group = 0; group < 8; group++) {
    let value = 0
    for (let at = group * 5; at < group * 5 + 5; at++) value = value * 85 + ALPHABET.indexOf(publicKey[at] as string)
    // Five characters can hold more than 32 bits.
    bytes.writeUInt32BE(value % 0x1_0000_0000, group * 4)
  }
  return bytes.toString('hex')
}

export function isKey(key: unknown): key is string {
  return typeof key === 'string' && KEY.test(key)
}

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT`, without the key */
export function checkKey(key: unknown, what: string): asserts key is string {
  if (isKey(key)) return
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `zeromqEndpoint needs ${what} of 40 characters, as generateKeys makes them.`)
}
