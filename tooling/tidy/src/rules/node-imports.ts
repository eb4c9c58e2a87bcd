import { isBuiltin } from 'node:module'
import type { Rule } from '../repository.ts'
import { ADAPTER_LIST, isAdapter } from './adapters.ts'

/** What only computes: the same input gives the same output, whatever the machine. */
const PURE = ['node:zlib']

/** Node's own modules are imported with the `node:` prefix, and only by adapters. */
export const nodeImports: Rule = ({ sources }) =>
  sources.flatMap((file) =>
    file.module.imports.flatMap(({ specifier, line }) => {
      if (!isBuiltin(specifier)) return []
      if (!specifier.startsWith('node:')) return [`${file.path}:${line} imports "${specifier}". Write "node:${specifier}".`]
      return isAdapter(file) || PURE.includes(specifier)
        ? []
        : [`${file.path}:${line} imports "${specifier}". Only ${ADAPTER_LIST} may import node: modules.`]
    }),
  )
