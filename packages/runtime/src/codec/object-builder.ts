import { type ColumnContent, type ColumnSource, outsideDictionary, valuesOf } from './column-content.ts'
import { PROPERTIES_MAX } from './column-kinds.ts'
import { GENERAL_ROWS_MAX, generated, listed } from './generated-code.ts'
import { isOrdinaryName } from './object-gather.ts'
import { setProperty } from './value-reader.ts'

type Build = (source: ColumnSource, columns: readonly ColumnContent[], objects: unknown[], count: number) => void

/** How a value is read, by kind; `c` and `a` are the column and where it starts. */
const READ: Readonly<Record<ColumnContent['kind'], (n: number) => string>> = {
  int: (n) => `ints[a${n} + i]`,
  float: (n) => `floats[a${n} + i]`,
  boolean: (n) => `bytes[a${n} + i] === 1`,
  index: (n) => `c${n}[x${n}]`,
  'wide index': (n) => `c${n}[x${n}]`,
  values: (n) => `c${n}[i]`,
}

/** Functions for one shape that differ in the kinds of its columns. */
const BUILDS_MAX = 16

/** Makes objects with certain properties in a certain order: all of one hidden class. */
export class ObjectBuilder {
  readonly names: readonly string[]
  /** Of each column the property that it holds. */
  readonly order: readonly number[]
  readonly #empty: readonly ColumnContent[]
  readonly #mayGenerate: boolean
  readonly #builds = new Map<string, Build>()
  #rows = 0
  #shape: unknown

  constructor(names: readonly string[], order: readonly number[], mayGenerate: boolean) {
    this.names = names.map(asPropertyName)
    this.order = order
    this.#empty = names.map(() => ({ kind: 'values', at: 0, values: [] }))
    this.#mayGenerate = mayGenerate && names.length <= PROPERTIES_MAX && names.every(isOrdinaryName)
  }

  /** A list with a place for the column of each property. */
  columns(): ColumnContent[] {
    return this.#empty.slice()
  }

  /** Fills `objects`. */
  build(source: ColumnSource, columns: readonly ColumnContent[], objects: unknown[]): void {
    this.#rows += objects.length
    const build = this.#mayGenerate && this.#rows > GENERAL_ROWS_MAX ? this.#generatedBuild(columns) : undefined
    if (build !== undefined) build(source, columns, objects, objects.length)
    else buildGenerally(this.names, source, columns, objects)
  }

  #generatedBuild(columns: readonly ColumnContent[]): Build | undefined {
    let kinds = ''
    for (let i = 0; i < columns.length; i++) kinds += `${(columns[i] as ColumnContent).kind},`
    const known = this.#builds.get(kinds)
    if (known !== undefined || this.#builds.size >= BUILDS_MAX) return known
    this.#shape ??= generateShape(this.names)
    const build = this.#shape === undefined ? undefined : generateBuild(this.#shape, columns)
    if (build !== undefined) this.#builds.set(kinds, build)
    return build
  }
}

/** The same text as V8 keeps it for names of properties: with any other, each access would look for that one first. */
function asPropertyName(name: string): string {
  return Object.keys({ [name]: true })[0] as string
}

/**
 * A constructor of plain objects. It is the same for all kinds of columns, so that all objects with
 * these properties have one hidden class.
 */
function generateShape(names: readonly string[]): unknown {
  const { length } = names
  // What never runs says how many properties there will be, so that there is room for them in the object.
  const text = `const ${listed(length, (i) => `n${i} = p${i}`)}
function Shape(${listed(length, (i) => `v${i}`)}) {
  if (false) { ${listed(length, (i) => `this.p${i} = 0`, '; ')} }
  ${listed(length, (i) => `this[n${i}] = v${i}`, '\n')}
}
Shape.prototype = prototype
return Shape`
  return generated(['prototype', ...names.map((_, i) => `p${i}`)], [Object.prototype, ...names], text)
}

function generateBuild(shape: unknown, columns: readonly ColumnContent[]): Build | undefined {
  const { length } = columns
  const indexes = columns.map(({ kind }, i) =>
    kind === 'index' || kind === 'wide index'
      ? `const x${i} = ${kind === 'index' ? 'bytes' : 'shorts'}[a${i} + i]\nif (x${i} >= c${i}.length) throw outside(x${i})\n`
      : '',
  )
  const text = `const S = Shape
return (source, columns, objects, count) => {
  const { bytes, shorts, ints, floats } = source
  const ${listed(length, (i) => `c${i} = columns[${i}].values, a${i} = columns[${i}].at`)}
  for (let i = 0; i < count; i++) {
    ${indexes.join('')}objects[i] = new S(${listed(length, (i) => READ[(columns[i] as ColumnContent).kind](i))})
  }
}`
  return generated<Build>(['Shape', 'outside'], [shape, outsideDictionary], text)
}

function buildGenerally(names: readonly string[], source: ColumnSource, columns: readonly ColumnContent[], objects: unknown[]): void {
  // Copies of one object have its shape from the start, so that no property changes it.
  const template: Record<string, unknown> = {}
  for (const name of names) setProperty(template, name, undefined)
  for (let i = 0; i < objects.length; i++) objects[i] = { ...template }
  for (let n = 0; n < names.length; n++) {
    const name = names[n] as string
    const values = valuesOf(source, columns[n] as ColumnContent, objects.length)
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i] as Record<string, unknown>
      if (name === '__proto__') setProperty(object, name, values[i])
      else object[name] = values[i]
    }
  }
}
