import type { Rule } from '../repository.ts'

/** Erasable syntax only, and nothing left to do in main. */
export const plainSyntax: Rule = ({ sources }) =>
  sources.flatMap(({ path, module }) => [
    ...module.nonErasable.map(
      ({ what, line }) =>
        `${path}:${line} declares ${what === 'enum' ? 'an' : 'a'} ${what}. Only erasable syntax: use a union of literals, an object or a module.`,
    ),
    ...module.markers.map(({ what, line }) => `${path}:${line} says ${what}. Do it now, or open an issue; main has none.`),
  ])
