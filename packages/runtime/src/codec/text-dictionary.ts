/** Texts of one dictionary. */
const TEXTS_MAX = 1_024

/** Up to so many texts, an index takes one byte, and two otherwise. */
export const NARROW_TEXTS_MAX = 256

/** Places of texts by their hash: a power of two, of which at most a quarter is taken. */
const SLOTS = 4_096

/** Longer texts are not worth looking for. */
export const DICTIONARY_TEXT_LENGTH_MAX = 64

/** What stands in slots that are free: longer than any text of a dictionary. */
const FREE = '-'.repeat(DICTIONARY_TEXT_LENGTH_MAX + 1)

/** The number of a slot for a text of at least two units. */
function hashOfEnd(text: string, length: number): number {
  const third = length < 3 ? 0 : text.charCodeAt(length - 3) * 171
  return (text.charCodeAt(length - 1) + text.charCodeAt(length - 2) * 13 + third + length * 607) & (SLOTS - 1)
}

/** The texts that occur in a column again and again: they stay from one frame to the next, and so do their bytes. */
export class TextDictionary {
  readonly texts: string[] = []
  /** The texts as they are written; `undefined` if there is a new one. */
  encoded: Uint8Array | undefined
  readonly #slots: string[] = []
  readonly #indexes = new Uint16Array(SLOTS)

  constructor() {
    for (let slot = 0; slot < SLOTS; slot++) this.#slots.push(FREE)
  }

  get size(): number {
    return this.texts.length
  }

  clear(): void {
    this.texts.length = 0
    this.#slots.fill(FREE)
    this.encoded = undefined
  }

  /**
   * Puts the index of each text into `target`, from its start on. Returns `false` if there would be
   * more than `most` in the dictionary, or not all values are texts.
   */
  index(column: ArrayLike<unknown>, from: number, to: number, target: Uint16Array, most: number): boolean {
    const slots = this.#slots
    const indexes = this.#indexes
    for (let i = from; i < to; i++) {
      const text = column[i]
      if (typeof text !== 'string') return false
      const { length } = text
      if (length > DICTIONARY_TEXT_LENGTH_MAX) return false
      // Texts that count up differ at their end.
      let slot = length < 2 ? length : hashOfEnd(text, length)
      if (slots[slot] !== text) {
        slot = this.#find(text, slot)
        if (slots[slot] === FREE && !this.#add(text, slot, most)) return false
      }
      target[i - from] = indexes[slot] as number
    }
    return true
  }

  /** The next slot that has the text or is free. */
  #find(text: string, from: number): number {
    let slot = from
    while (this.#slots[slot] !== FREE && this.#slots[slot] !== text) slot = (slot + 1) & (SLOTS - 1)
    return slot
  }

  #add(text: string, slot: number, most: number): boolean {
    const size = this.texts.length
    if (size >= most || size === TEXTS_MAX) return false
    this.#slots[slot] = text
    this.#indexes[slot] = size
    this.texts.push(text)
    this.encoded = undefined
    return true
  }
}
