import { PROPERTIES_MAX } from './column-kinds.ts'
import { GENERAL_ROWS_MAX, generated, listed } from './generated-code.ts'

/** Where the values of a property are gathered: numbers and booleans (0 and 1) apart from all else. */
type Gathered = Float64Array | Uint8Array | unknown[]

type PropertyKind = 'number' | 'boolean' | 'any'

/**
 * Gathers the properties of `values[from]` and of those that follow. Returns `count`; or the row of an
 * object that has other properties; or, below zero, -1 less the place of a property of another kind.
 */
type Gather = (values: ArrayLike<unknown>, from: number, count: number, columns: readonly Gathered[]) => number

/** Rows for which memory is kept. */
const KEPT_ROWS_MAX = 8_192

/** Objects with certain properties in a certain order, and how to take them apart. */
export class ObjectShape {
  readonly names: readonly string[]
  /** The names as they are written; filled by who writes them first. */
  encodedNames: Uint8Array | undefined
  readonly #kinds: PropertyKind[]
  readonly #mayGenerate: boolean
  #gather: Gather
  #columns: readonly Gathered[] = []
  #capacity = 0
  #generalRows = 0

  constructor(names: readonly string[], mayGenerate: boolean) {
    this.names = names
    this.#kinds = names.map(() => 'any')
    this.#mayGenerate = mayGenerate && names.every(isOrdinaryName)
    this.#gather = generalGather(names)
  }

  /** Whether an object has these properties in this order. */
  fits(names: readonly string[]): boolean {
    if (names.length !== this.names.length) return false
    for (let i = 0; i < names.length; i++) if (names[i] !== this.names[i]) return false
    return true
  }

  /** The values of each property, valid until the next call; `undefined` if not all are plain objects of this shape. */
  gather(values: ArrayLike<unknown>, from: number, count: number): readonly Gathered[] | undefined {
    if (this.#generalRows <= GENERAL_ROWS_MAX && this.#mayGenerate) this.#countGeneralRows(values[from] as object, count)
    for (;;) {
      const columns = this.#columnsFor(count)
      const done = this.#gather(values, from, count, columns)
      if (done === count) return columns
      if (done >= 0) return undefined
      this.#kinds[-1 - done] = 'any'
      this.#columns = []
      this.#generate()
    }
  }

  #countGeneralRows(first: object, count: number): void {
    this.#generalRows += count
    if (this.#generalRows <= GENERAL_ROWS_MAX) return
    for (const [i, name] of this.names.entries()) {
      const type = typeof (first as Record<string, unknown>)[name]
      this.#kinds[i] = type === 'number' || type === 'boolean' ? type : 'any'
    }
    this.#generate()
  }

  #generate(): void {
    const gather = generateGather(this.names, this.#kinds)
    if (gather === undefined) this.#kinds.fill('any')
    this.#gather = gather ?? generalGather(this.names)
    this.#columns = []
  }

  #columnsFor(count: number): readonly Gathered[] {
    if (count > KEPT_ROWS_MAX) return this.#kinds.map((kind) => columnOf(kind, count))
    if (this.#columns.length === 0 || this.#capacity < count) {
      this.#capacity = Math.min(KEPT_ROWS_MAX, Math.max(count, 256) * 2)
      this.#columns = this.#kinds.map((kind) => columnOf(kind, this.#capacity))
    }
    return this.#columns
  }
}

function columnOf(kind: PropertyKind, capacity: number): Gathered {
  if (kind === 'number') return new Float64Array(capacity)
  if (kind === 'boolean') return new Uint8Array(capacity)
  return new Array(capacity).fill(undefined)
}

/** Names that objects keep in the order in which they were added, and that no prototype knows. */
export function isOrdinaryName(name: string): boolean {
  return !(name in Object.prototype) && !/^\d+$/.test(name)
}

/** Whether a shape is worth columns; the names are those of its first object. */
export function hasColumns(names: readonly string[]): boolean {
  return names.length > 0 && names.length <= PROPERTIES_MAX
}

function generalGather(names: readonly string[]): Gather {
  const { length } = names
  return (values, from, count, columns) => {
    for (let i = 0; i < count; i++) {
      const value = values[from + i] as Record<string, unknown> | null
      if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return i
      let found = 0
      // The one way to walk over the properties that makes no list of them first.
      for (const name in value) {
        if (found === length || name !== names[found]) return i
        ;(columns[found] as unknown[])[i] = value[name]
        found++
      }
      if (found !== length) return i
    }
    return count
  }
}

/** Property names are constants of the generated function, so that V8 reads each at a known place of the object. */
function generateGather(names: readonly string[], kinds: readonly PropertyKind[]): Gather | undefined {
  // A process may be told to have no `__proto__`; asking for the prototype in another way takes longer.
  if (Object.getOwnPropertyDescriptor(Object.prototype, '__proto__')?.get?.call({}) !== Object.prototype) return undefined
  const { length } = names
  const checks = kinds.map((kind, i) => (kind === 'any' ? '' : `if (typeof v${i} !== '${kind}') return ${-1 - i}\n`)).join('')
  const stores = kinds.map((kind, i) => `c${i}[i] = ${kind === 'boolean' ? `v${i} ? 1 : 0` : `v${i}`}`).join('\n')
  const text = `const ${listed(length, (i) => `n${i} = p${i}`)}
const plain = prototype
const names = [${listed(length, (i) => `n${i}`)}, undefined]
return (values, from, count, columns) => {
  const ${listed(length, (i) => `c${i} = columns[${i}]`)}
  for (let i = 0; i < count; i++) {
    const o = values[from + i]
    if (o === null || o === undefined || o.__proto__ !== plain) return i
    let found = 0
    for (const name in o) if (name !== names[found++]) return i
    if (found !== ${length}) return i
    const ${listed(length, (i) => `v${i} = o[n${i}]`)}
    ${checks}${stores}
  }
  return count
}`
  return generated<Gather>(['prototype', ...names.map((_, i) => `p${i}`)], [Object.prototype, ...names], text)
}
