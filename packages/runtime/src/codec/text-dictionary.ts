/** Texts of one dictionary. */
const TEXTS_MAX = 1_024

/** Up to so many texts, an index takes one byte, and two otherwise. */
export const NARROW_TEXTS_MAX = 256

/** Slots for texts by their hash: a power of two, of which at most a quarter is taken. */
const SLOTS = 4_096

/** Longer texts are not worth looking for. */
export const DICTIONARY_TEXT_LENGTH_MAX = 64

/** What the place 0 of a dictionary has, to which slots that are free point: longer than any text of a dictionary. */
const FREE = '-'.repeat(DICTIONARY_TEXT_LENGTH_MAX + 1)

/** The slot of a text of fewer than three units. */
function slotOfShort(text: string): number {
  const { length } = text
  return length < 2 ? length : (text.charCodeAt(1) + text.charCodeAt(0) * 13 + 2 * 607) & (SLOTS - 1)
}

/** Texts that count up differ at their end. */
function slotOf(text: string): number {
  const { length } = text
  if (length < 3) return slotOfShort(text)
  const ends = text.charCodeAt(length - 1) + text.charCodeAt(length - 2) * 13 + text.charCodeAt(length - 3) * 171
  return (ends + length * 607) & (SLOTS - 1)
}

/** The same as an expression for generated code, which has texts of three units or more at hand. */
export function slotExpression(text: string, length: string): string {
  const unit = (fromEnd: number) => `${text}.charCodeAt(${length} - ${fromEnd})`
  return `(${unit(1)} + ${unit(2)} * 13 + ${unit(3)} * 171 + ${length} * 607) & ${SLOTS - 1}`
}

/** The texts that occur in a column again and again: they stay from one frame to the next, and so do their bytes. */
export class TextDictionary {
  /** Those of the dictionary from place 1 on. What is written of a text is its place less 1. */
  readonly texts: string[] = [FREE]
  /** The texts as they are written; `undefined` if there is a new one. */
  encoded: Uint8Array | undefined
  /** Places of texts by their hash, or where there was room behind it: little memory, so that it stays in the caches of the processor. */
  readonly slots = new Uint16Array(SLOTS)

  get size(): number {
    return this.texts.length - 1
  }

  clear(): void {
    this.texts.length = 1
    this.slots.fill(0)
    this.encoded = undefined
  }

  /**
   * Puts the index of each text into `target`, from its start on. Returns `false` if there would be
   * more than `most` in the dictionary, or not all values are texts.
   */
  index(column: ArrayLike<unknown>, from: number, to: number, target: Uint16Array, most: number): boolean {
    const { slots, texts } = this
    for (let i = from; i < to; i++) {
      const text = column[i]
      if (typeof text !== 'string') return false
      const slot = slotOf(text)
      let place = slots[slot] as number
      if (texts[place] !== text) place = this.place(text, slot, most)
      if (place === 0) return false
      target[i - from] = place - 1
    }
    return true
  }

  /** The place of a text that slot `from`, the one of its hash, does not point to; 0 if it has none and must not get one. */
  place(text: string, from: number, most: number): number {
    if (text.length > DICTIONARY_TEXT_LENGTH_MAX) return 0
    const { slots, texts } = this
    let slot = from
    for (let place = slots[slot] as number; place !== 0; place = slots[slot] as number) {
      if (texts[place] === text) return place
      slot = (slot + 1) & (SLOTS - 1)
    }
    const { size } = this
    if (size >= most || size === TEXTS_MAX) return 0
    slots[slot] = size + 1
    texts.push(text)
    this.encoded = undefined
    return size + 1
  }

  /** `place` for a text of fewer than three units. */
  placeShort(text: string, most: number): number {
    return this.place(text, slotOfShort(text), most)
  }
}
