import { parseSync } from 'oxc-parser'

/** An import, export-from, dynamic import or import type, with the line it stands on. */
export interface ModuleImport {
  readonly specifier: string
  readonly line: number
  /** `import type`: nothing of it is there at run time. */
  readonly typeOnly: boolean
}

/** A construct a rule may object to: `Date.now`, `setTimeout`, `enum`, `namespace`, or a marker such as a comment's to-do. */
export interface ModuleFinding {
  readonly what: string
  readonly line: number
}

export interface ParsedModule {
  readonly imports: readonly ModuleImport[]
  readonly ambientEffects: readonly ModuleFinding[]
  readonly nonErasable: readonly ModuleFinding[]
  readonly markers: readonly ModuleFinding[]
}

interface Node {
  readonly type: string
  readonly start: number
  readonly [field: string]: unknown
}

const EFFECT_MEMBERS = new Set(['Date.now', 'Math.random', 'performance.now', 'performance.timeOrigin', 'process.hrtime'])
const EFFECT_FUNCTIONS = new Set(['setTimeout', 'setInterval'])
const MARKER = /\b(TODO|FIXME)\b/

/** Parses one TypeScript or JavaScript file into what the rules ask about. A file that does not parse throws. */
export function parseModule(path: string, text: string): ParsedModule {
  const { program, comments, errors } = parseSync(path, text)
  const error = errors[0]
  if (error !== undefined) throw new Error(`${path} does not parse: ${error.message}`)

  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length
  const imports: ModuleImport[] = []
  const ambientEffects: ModuleFinding[] = []
  const nonErasable: ModuleFinding[] = []
  const markers = comments.flatMap(({ value, start }) => {
    const marker = MARKER.exec(value)
    return marker === null ? [] : [{ what: marker[0], line: lineOf(start) }]
  })

  visit(program as unknown as Node, undefined, '', (node, parent, field) => {
    const line = () => lineOf(node.start)
    const specifier = specifierOf(node)
    if (specifier !== undefined)
      imports.push({
        specifier,
        line: line(),
        typeOnly: node.importKind === 'type' || node.exportKind === 'type' || node.type === 'TSImportType',
      })
    const effect = effectOf(node, parent, field)
    if (effect !== undefined) ambientEffects.push({ what: effect, line: line() })
    if (node.type === 'TSEnumDeclaration') nonErasable.push({ what: 'enum', line: line() })
    if (node.type === 'TSModuleDeclaration' && node.kind === 'namespace') nonErasable.push({ what: 'namespace', line: line() })
  })
  return { imports, ambientEffects, nonErasable, markers }
}

function visit(node: Node, parent: Node | undefined, field: string, see: (node: Node, parent: Node | undefined, field: string) => void) {
  see(node, parent, field)
  for (const [name, child] of Object.entries(node)) {
    for (const candidate of Array.isArray(child) ? child : [child]) {
      if (isNode(candidate)) visit(candidate, node, name, see)
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

function specifierOf(node: Node): string | undefined {
  const { type, source } = node
  if (!/^(Import(Declaration|Expression)|Export(All|Named)Declaration|TSImportType)$/.test(type)) return undefined
  return isNode(source) && typeof source.value === 'string' ? source.value : undefined
}

/** What of the outer world this node touches: reading the clock, rolling dice, or setting a timer. */
function effectOf(node: Node, parent: Node | undefined, field: string): string | undefined {
  if (node.type === 'MemberExpression') {
    const { object, property } = node as unknown as { object: Node; property: Node }
    const member = `${object.name}.${property.name ?? property.value}`
    if (EFFECT_MEMBERS.has(member)) return member
    return object.name === 'globalThis' && EFFECT_FUNCTIONS.has(String(property.name)) ? String(property.name) : undefined
  }
  if (node.type === 'NewExpression' && isNode(node.callee) && node.callee.name === 'Date' && (node.arguments as unknown[]).length === 0) {
    return 'new Date()'
  }
  // A member or a key of that name belongs to an injected clock, not to the global scope.
  const isName = field === 'key' || (field === 'property' && parent?.type === 'MemberExpression' && parent.computed !== true)
  return node.type === 'Identifier' && EFFECT_FUNCTIONS.has(String(node.name)) && !isName ? String(node.name) : undefined
}
