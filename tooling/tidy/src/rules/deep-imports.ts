import { posix } from 'node:path'
import type { Rule } from '../repository.ts'
import { packageName } from './dependency-table.ts'

/** Across packages only what `exports` lists is imported, and never by a relative path. */
export const deepImports: Rule = ({ sources, workspaces }) =>
  sources.flatMap((file) =>
    file.module.imports.flatMap(({ specifier, line }) => {
      if (specifier.startsWith('.')) {
        const target = posix.join(posix.dirname(file.path), specifier)
        if (target.startsWith(`${file.workspace}/`)) return []
        return [`${file.path}:${line} imports "${specifier}", which is outside ${file.workspace}. Import the package by its name.`]
      }
      const name = packageName(specifier)
      const target = workspaces.find(({ manifest }) => manifest.name === name)
      if (target === undefined || target.directory === file.workspace) return []
      const entry = specifier === name ? '.' : `.${specifier.slice(name.length)}`
      if (Object.hasOwn(target.manifest.exports ?? {}, entry)) return []
      return [
        `${file.path}:${line} imports "${specifier}", which ${name} does not export. Import what its package.json lists in "exports".`,
      ]
    }),
  )
