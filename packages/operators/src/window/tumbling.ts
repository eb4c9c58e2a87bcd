import { checkOptionNames, MalstromError, type TimestampAlgebra } from '@malstrom/core'
import { bigintReckoning, kindOf, numberReckoning, positiveUnitsOf, type Size, type SizedTime, unitsOf } from './duration.ts'
import { type Slices, sliceAssigner, type Windows } from './window.ts'

export interface TumblingOptions {
  /** How far the windows are shifted from the start of 1970, or from timestamp 0. @default 0 */
  readonly offset?: Size
}

export interface SlidingOptions {
  /** How long each window is. */
  readonly size: Size
  /** The time from the start of one window to the start of the next; at most `size`. */
  readonly slide: Size
  /** How far the windows are shifted from the start of 1970, or from timestamp 0. @default 0 */
  readonly offset?: Size
}

/** Windows of one size, one after the other: each record is in exactly one. Flink: tumbling, Kafka Streams: hopping by its size. */
export function tumbling(size: Size, options: TumblingOptions = {}): Windows<SizedTime, false> {
  checkOptionNames('tumbling', options, ['offset'])
  return slicedWindows('tumbling', size, size, options.offset)
}

/** Windows of one size that start every `slide`: each record is in about `size / slide` of them. */
export function sliding(options: SlidingOptions): Windows<SizedTime, false> {
  checkOptionNames('sliding', options, ['size', 'slide', 'offset'])
  return slicedWindows('sliding', options.size, options.slide, options.offset)
}

function slicedWindows(kind: string, size: Size, slide: Size, offset: Size | undefined): Windows<SizedTime, false> {
  return {
    merging: false,
    assigner: (time) => {
      const erased = time as TimestampAlgebra<unknown>
      const sizeUnits = positiveUnitsOf(size, `the size of ${kind} windows`, erased)
      const slideUnits = positiveUnitsOf(slide, `the slide of ${kind} windows`, erased)
      const offsetUnits = offset === undefined ? 0 : unitsOf(offset, `the offset of ${kind} windows`, erased)
      if (slideUnits > sizeUnits) {
        throw new MalstromError(
          'ERR_OPERATOR_ARGUMENT',
          `the slide of ${kind} windows, ${slideUnits}, is larger than their size, ${sizeUnits}: records between two windows would be lost.`,
        )
      }
      const sliceUnits = greatestDivisor(sizeUnits, slideUnits)
      const counts = {
        perWindow: Number(BigInt(sizeUnits) / BigInt(sliceUnits)),
        perSlide: Number(BigInt(slideUnits) / BigInt(sliceUnits)),
      }
      const slices =
        kindOf(erased) === 'bigint'
          ? bigintSlices(BigInt(sliceUnits), BigInt(offsetUnits))
          : numberSlices(time as TimestampAlgebra<unknown>, Number(sliceUnits), Number(offsetUnits))
      // The kind of the time has decided which it is.
      // Named by what they do: sliding windows whose slide is their size are tumbling ones.
      const limits = counts.perWindow === 1 ? `tumbling(${sizeUnits}` : `sliding(${sizeUnits}, ${slideUnits}`
      const description = `${limits}${BigInt(offsetUnits) === 0n ? '' : `, offset ${offsetUnits}`})`
      return sliceAssigner(time, { ...(slices as unknown as Slices<never>), ...counts }, description)
    },
  }
}

type SliceTimes<T> = Omit<Slices<T>, 'perWindow' | 'perSlide'>

function numberSlices<T>(time: TimestampAlgebra<T>, size: number, offset: number): SliceTimes<T> {
  const { unitsOf, timestampOf } = numberReckoning(time)
  return {
    sliceOf: (timestamp) => Math.floor((unitsOf(timestamp) - offset) / size),
    startOf: (slice) => timestampOf(slice * size + offset),
    even: kindOf(time) === 'number' ? { size, offset } : undefined,
  }
}

function bigintSlices(size: bigint, offset: bigint): SliceTimes<bigint> {
  return {
    sliceOf(timestamp) {
      const distance = timestamp - offset
      const quotient = distance / size
      // Bigints divide towards 0.
      const slice = Number(distance < 0n && quotient * size !== distance ? quotient - 1n : quotient)
      if (!Number.isSafeInteger(slice)) refuseFar(timestamp, size)
      return slice
    },
    startOf: (slice) => bigintReckoning.timestampOf(BigInt(slice) * size + offset),
    even: undefined,
  }
}

function greatestDivisor(a: number | bigint, b: number | bigint): bigint {
  let [large, small] = [BigInt(a), BigInt(b)]
  while (small !== 0n) [large, small] = [small, large % small]
  return large
}

function refuseFar(timestamp: bigint, size: bigint): never {
  throw new MalstromError(
    'ERR_TIMESTAMP_INVALID',
    `The timestamp ${timestamp} is more than 2 ** 53 times ${size} away from the start of windows, too far to tell windows of this size apart. Use larger windows, or an offset.`,
  )
}
