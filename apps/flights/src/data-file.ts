import { fileURLToPath } from 'node:url'

/** The path of a file in the data folder of the npm package `vega-datasets`. */
export function dataFile(name: string): string {
  // The package exports one module, and the data lies beside the folder of that.
  return fileURLToPath(new URL(`../data/${name}`, import.meta.resolve('vega-datasets')))
}
