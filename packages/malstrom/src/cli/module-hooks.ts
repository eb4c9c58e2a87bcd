// Runs in Node's module loader: in its own thread where `module.register` starts one.
import type { ResolveFnOutput, ResolveHookContext } from 'node:module'

type NextResolve<R> = (specifier: string, context: ResolveHookContext) => R

const OWN_PACKAGE = /^(malstrom|@malstrom\/[^/]+)(\/|$)/

let ownModule = ''

/** Takes a module of the CLI, from which Malstrom's packages are found. */
export function initialize(moduleUrl: string): void {
  ownModule = moduleUrl
}

/**
 * Malstrom's packages come from the CLI where the job's folder has none, so that `npx malstrom run job.ts`
 * needs no installation.
 *
 * @public Node's loader calls it by its name.
 */
export async function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: NextResolve<ResolveFnOutput | Promise<ResolveFnOutput>>,
): Promise<ResolveFnOutput> {
  try {
    return asModule(await next(specifier, context))
  } catch (error) {
    if (!OWN_PACKAGE.test(specifier)) throw error
    return await next(specifier, { ...context, parentURL: ownModule })
  }
}

/** `resolve` for versions of Node with synchronous hooks. */
export function resolveSync(specifier: string, context: ResolveHookContext, next: NextResolve<ResolveFnOutput>): ResolveFnOutput {
  try {
    return asModule(next(specifier, context))
  } catch (error) {
    if (!OWN_PACKAGE.test(specifier)) throw error
    return next(specifier, { ...context, parentURL: ownModule })
  }
}

/**
 * A `.ts` file is an ES module also where no package.json says so, as for Node's own type stripping.
 * tsx would turn it into CommonJS, and with it every package it imports: a second copy of the engine.
 */
function asModule(resolved: ResolveFnOutput): ResolveFnOutput {
  const isTypeScript = /\.ts($|\?)/.test(resolved.url) && !resolved.url.includes('/node_modules/')
  return isTypeScript && resolved.format === 'commonjs' ? { ...resolved, format: 'module' } : resolved
}
