import { existsSync, readFileSync } from 'node:fs'
import nodeModule, { createRequire, register } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MalstromError } from '@malstrom/core'
import { initialize, resolveSync } from './module-hooks.ts'
import { shownPath } from './place.ts'

const isFromSource = import.meta.url.endsWith('.ts')

/** Makes what the job file needs importable: TypeScript, and Malstrom itself. */
export async function prepareImport(path: string): Promise<void> {
  const needsTsx = /\.[cm]?ts$/.test(path) && !runsTypeScript()
  if (needsTsx) await registerTsx(path)
  if (needsTsx || isFromSource || resolveFrom(path, 'malstrom') === undefined) registerHooks()
}

/** What a module of a package means to an `import` of the module at `path`; `undefined` if it means nothing. */
export function resolveFrom(path: string, specifier: string): string | undefined {
  const packageName = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier
  // `require` would go on and look where NODE_PATH says, which pnpm sets; `import` does not.
  if (!foldersAbove(path).some((folder) => existsSync(join(folder, 'node_modules', packageName)))) return undefined
  try {
    return createRequire(path).resolve(specifier)
  } catch {
    return undefined
  }
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path)
  return folder === path ? [] : [folder, ...foldersAbove(folder)]
}

/** Whether this process can import TypeScript: Node strips types from 22.18 on, and from source something else already does. */
function runsTypeScript(): boolean {
  return isFromSource || Boolean((process.features as { typescript?: unknown }).typescript)
}

async function registerTsx(path: string): Promise<void> {
  const tsx = findTsx([path, fileURLToPath(import.meta.url)])
  if (tsx === undefined) {
    throw new MalstromError(
      'ERR_DEPENDENCY_MISSING',
      `"${shownPath(path)}" is TypeScript, which Node ${process.versions.node} runs with the help of tsx. ` +
        'Install it next to the job: npm install --save-dev tsx. Node 22.18 and later need nothing.',
      { context: { path } },
    )
  }
  const api = (await import(pathToFileURL(tsx).href)) as { register(): unknown }
  api.register()
}

interface TsxManifest {
  readonly exports: { readonly './esm/api': { readonly import: { readonly default: string } } }
}

/** The module that registers tsx, as the first of `modules` finds it. */
export function findTsx(modules: readonly string[]): string | undefined {
  for (const path of modules) {
    const manifest = resolveFrom(path, 'tsx/package.json')
    if (manifest === undefined) continue
    // `require.resolve` knows only the CommonJS form of `tsx/esm/api`, which does not load on Node 20.
    const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as TsxManifest
    return join(dirname(manifest), exports['./esm/api'].import.default)
  }
  return undefined
}

/** Hooks of Node >= 22.15, which the types of Node 20 do not know. */
type SynchronousHooks = { registerHooks?(hooks: { resolve: typeof resolveSync }): unknown }

function registerHooks(): void {
  const { registerHooks: registerSync } = nodeModule as SynchronousHooks
  if (registerSync !== undefined) {
    initialize(import.meta.url)
    registerSync({ resolve: resolveSync })
    return
  }
  // After tsx, so that ours are asked first.
  register(isFromSource ? './module-hooks.ts' : './module-hooks.js', import.meta.url, { data: import.meta.url })
}
