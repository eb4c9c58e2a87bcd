import { cases } from './cases/index.ts'

// Started by main.ts, one process per case: prints the figures of one case as JSON lines.
const [name, minutes] = process.argv.slice(2)
const chosen = cases.find((entry) => entry.name === name)
if (chosen === undefined) throw new Error(`There is no case "${name}".`)
for (const figure of await chosen.run(minutes === undefined ? undefined : Number(minutes))) console.log(JSON.stringify(figure))
