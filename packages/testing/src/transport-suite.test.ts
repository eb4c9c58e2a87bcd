import { describe, expect, it } from 'vitest'
import { plantedTransport, type TransportPlant } from './fixtures/planted-transport.ts'
import { brokenLaws } from './law.ts'
import { transportLawsOf } from './transport-laws.ts'
import { transportSuite } from './transport-suite.ts'

transportSuite('a transport in memory', plantedTransport())

const ORDER = 'frames arrive whole, once each, in the order in which they were sent'
const BOTH_WAYS = 'both ends may send at the same time'
const CHANNELS = 'every channel has its own frames'
const SIZES = 'a frame may be empty, and may be large'
const OWNED = 'send leaves its bytes to the caller'
const HELD = 'what was received stays as it is until the next receive'
const EARLY = 'frames that are sent before the other end opens are kept'
const WOKEN = 'readable is called when a frame arrives after receive has returned undefined'
const QUEUED = 'queuedBytes says what waits, and is 0 when all has arrived'
const BOUNDED = 'queuedBytes grows while nobody receives, and other channels go on'
const HANDED_OVER = 'what was sent before close has been handed over when it resolves'
const CLOSED = 'close resolves also when nothing was opened or sent, and when it is called again'
const SENT_TO_CLOSED = 'a link to an end that has closed fails once when more is sent'
const GONE = 'every link to an end that is gone fails, once'

const planted: [bug: string, broken: string, plant: TransportPlant][] = [
  ['loses a frame', ORDER, { sent: (frame, _, count) => (count === 300 ? [] : [frame]) }],
  ['sends a frame twice', ORDER, { sent: (frame, _, count) => (count === 399 ? [frame, frame] : [frame]) }],
  ['swaps frames', ORDER, swaps()],
  ['cuts frames off', ORDER, { sent: (frame) => [frame.subarray(0, 900)] }],
  ['goes one way', BOTH_WAYS, oneWay()],
  ['mixes channels', CHANNELS, { channelOf: (channel) => channel & 31 }],
  ['loses empty frames', SIZES, { sent: (frame) => (frame.length === 0 ? [] : [frame]) }],
  ['has 16 bits for lengths', SIZES, { sent: (frame) => [frame.subarray(0, frame.length & 0xffff)] }],
  ['keeps the array that it is given', OWNED, { keepsArrays: true }],
  ['hands out one array for all frames', HELD, { reusesArray: true }],
  ['drops what comes early', EARLY, { dropsEarly: true }],
  ['wakes only once', WOKEN, { wakesOnce: true }],
  ['counts what it has handed over', QUEUED, { queued: (bytes) => bytes + 8 }],
  ['counts too little', QUEUED, { queued: (bytes) => (bytes === 0 ? 0 : 1e9) }],
  ['takes everything', BOUNDED, { takesAll: true }],
  ['has one window for all channels', BOUNDED, { sharesWindow: true }],
  ['forgets what it has queued', HANDED_OVER, { forgetsOnClose: true }],
  ['waits for links that nobody opens', CLOSED, { hangsOnClose: true }],
  ['says nothing when the other end has closed', SENT_TO_CLOSED, { failuresOnClose: 0 }],
  ['fails again and again', SENT_TO_CLOSED, { failuresOnClose: 2 }],
  ['does not notice that the other end is gone', GONE, { failuresOnKill: 0 }],
  ['fails twice', GONE, { failuresOnKill: 2 }],
]

function swaps(): TransportPlant {
  let kept: Uint8Array | undefined
  return {
    sent(frame, _, count) {
      if (count === 200) {
        kept = frame
        return []
      }
      return count === 201 && kept !== undefined ? [frame, kept] : [frame]
    },
  }
}

function oneWay(): TransportPlant {
  let count = 0
  // Sends are in turns: every second one comes from the second end.
  return { sent: (frame) => (count++ % 2 === 0 ? [frame] : []) }
}

const lawsOf = (plant: TransportPlant) => transportLawsOf(plantedTransport(plant))

describe('transportSuite', () => {
  it.each(planted)('finds a transport that %s', async (_, broken, plant) => {
    expect(await brokenLaws(lawsOf(plant).filter(({ name }) => name === broken))).toEqual([broken])
  })

  it('has no law that cannot fail', () => {
    const found = new Set(planted.map(([, broken]) => broken))
    expect(
      lawsOf({})
        .map(({ name }) => name)
        .filter((name) => !found.has(name)),
    ).toEqual([])
  })
})
