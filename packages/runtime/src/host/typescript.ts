import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MalstromError } from '@malstrom/core'

/** Whether this version of Node imports TypeScript by itself, as it does from 22.18 on. */
export function nodeRunsTypeScript(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript)
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
    return pathToFileURL(join(dirname(manifest), exports['./esm/api'].import.default)).href
  }
  return undefined
}

function resolveFrom(path: string, specifier: string): string | undefined {
  try {
    return createRequire(path).resolve(specifier)
  } catch {
    // Not there: the next one may know it.
    return undefined
  }
}

/** The module that makes the module of a job importable for a worker; `undefined` if none is needed. */
export function typeScriptFor(module: string, isFromSource: boolean): string | undefined {
  const needed = (isFromSource || /\.[cm]?ts$/.test(module)) && !nodeRunsTypeScript()
  if (!needed) return undefined
  const found = findTsx([module, import.meta.url])
  if (found !== undefined) return found
  throw new MalstromError(
    'ERR_DEPENDENCY_MISSING',
    `"${fileURLToPath(module)}" is TypeScript, which Node ${process.versions.node} runs with the help of tsx. ` +
      'Install it next to the job: npm install --save-dev tsx. Node 22.18 and later need nothing.',
    { context: { path: module } },
  )
}
