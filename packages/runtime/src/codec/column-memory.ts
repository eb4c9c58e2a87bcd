import { PROPERTIES_MAX, SHAPES_MAX } from './column-kinds.ts'
import { GENERAL_ROWS_MAX } from './generated-code.ts'
import { type NumberLoops, ownNumberLoops, sharedNumberLoops } from './number-loops.ts'
import { hasColumns, ObjectShape } from './object-gather.ts'
import { ShapeSplit } from './shape-split.ts'
import type { TextDictionary } from './text-dictionary.ts'

/** Columns of one encoder, also within others, of which something is remembered. */
const MEMORIES_MAX = 1_024

/**
 * What an encoder has learned about the column at one place of its frames. It makes encoding fast
 * and has no influence on what is written but for dictionaries.
 */
export class ColumnMemory {
  readonly mayGenerate: boolean
  /** Columns of texts that are to be written without a dictionary. */
  plain = 0
  dictionary: TextDictionary | undefined = undefined
  readonly #shapes: ObjectShape[] = []
  readonly #inner: (ColumnMemory | undefined)[] = []
  #split: ShapeSplit | undefined
  #numberRows = 0
  #loops: NumberLoops = sharedNumberLoops
  /** How many more there may be, all together. */
  readonly #rest: { memories: number }

  constructor(mayGenerate: boolean, rest = { memories: MEMORIES_MAX }) {
    this.mayGenerate = mayGenerate
    this.#rest = rest
  }

  /** How to copy the next `count` numbers. */
  loops(count: number): NumberLoops {
    if (this.#loops === sharedNumberLoops && this.mayGenerate && this.#numberRows <= GENERAL_ROWS_MAX) {
      this.#numberRows += count
      if (this.#numberRows > GENERAL_ROWS_MAX) this.#loops = ownNumberLoops()
    }
    return this.#loops
  }

  /** The shape of an object, if it can become columns. */
  shapeOf(object: object): ObjectShape | undefined {
    const names = Object.keys(object)
    for (let i = 0; i < this.#shapes.length; i++) {
      const shape = this.#shapes[i] as ObjectShape
      if (shape.fits(names)) return shape
    }
    if (!hasColumns(names)) return undefined
    const isKept = this.#shapes.length < SHAPES_MAX
    const shape = new ObjectShape(names, this.mayGenerate && isKept)
    if (isKept) this.#shapes.push(shape)
    return shape
  }

  /** Parts the column by the shapes of its objects. */
  get split(): ShapeSplit {
    this.#split ??= new ShapeSplit()
    return this.#split
  }

  /** Of the rows of one shape, which is at this place of `split`. Their properties are other columns than those of all rows. */
  ofShape(place: number): ColumnMemory {
    return this.inner(PROPERTIES_MAX + place)
  }

  /** Of the column at place `index` within this one. */
  inner(index: number): ColumnMemory {
    const known = this.#inner[index]
    if (known !== undefined) return known
    if (this.#rest.memories <= 0) return new ColumnMemory(false, this.#rest)
    this.#rest.memories--
    const memory = new ColumnMemory(this.mayGenerate, this.#rest)
    this.#inner[index] = memory
    return memory
  }
}
