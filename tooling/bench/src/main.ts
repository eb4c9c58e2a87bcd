import { cpus } from 'node:os'
import { cases } from './cases/index.ts'
import { runChild } from './child-process.ts'
import { type Figure, tableLine } from './figure.ts'

const args = process.argv.slice(2)
const names = args.filter((arg) => !arg.startsWith('-'))
const unknownFlag = args.find((arg) => arg.startsWith('-') && arg !== '--json')
const chosen = names[0] === 'all' ? cases : cases.filter(({ name }) => name === names[0])

if (names.length !== 1 || chosen.length === 0 || unknownFlag !== undefined) {
  if (unknownFlag !== undefined) console.error(`There is no flag ${unknownFlag}.`)
  else if (names.length > 0) console.error(`There is no case "${names.join(' ')}".`)
  console.error('Usage: bench <case> [--json]\n\nCases:')
  for (const { name, about } of cases) console.error(`  ${name.padEnd(20)}${about}`)
  console.error(`  ${'all'.padEnd(20)}all of them, one after the other`)
  process.exitCode = 2
} else {
  console.error(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`)
  for (const { name } of chosen) await report(name)
}

async function report(name: string): Promise<void> {
  try {
    const figures = (await runChild(new URL('./case-process.ts', import.meta.url), [name])) as Figure[]
    for (const figure of figures) console.log(args.includes('--json') ? JSON.stringify(figure) : tableLine(figure))
  } catch (error) {
    console.error(`bench ${name} failed: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}
