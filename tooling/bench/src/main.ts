import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { cases } from './cases/index.ts'
import { runChild } from './child-process.ts'
import { type Figure, tableLine } from './figure.ts'

const { names, json, minutes, problem } = readArguments()
const chosen = names[0] === 'all' ? cases : cases.filter(({ name }) => name === names[0])

if (names.length !== 1 || chosen.length === 0 || problem !== undefined) {
  if (problem !== undefined) console.error(problem)
  else if (names.length > 0) console.error(`There is no case "${names.join(' ')}".`)
  console.error('Usage: bench <case> [--json] [--minutes <number>]\n\nCases:')
  for (const { name, about } of cases) console.error(`  ${name.padEnd(20)}${about}`)
  console.error(`  ${'all'.padEnd(20)}all of them, one after the other`)
  process.exitCode = 2
} else {
  console.error(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`)
  for (const { name } of chosen) await report(name)
}

async function report(name: string): Promise<void> {
  try {
    const figures = (await runChild(new URL('./case-process.ts', import.meta.url), [name, ...minutes])) as Figure[]
    for (const figure of figures) console.log(json ? JSON.stringify(figure) : tableLine(figure))
  } catch (error) {
    console.error(`bench ${name} failed: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}

function readArguments() {
  try {
    const options = { json: { type: 'boolean', default: false }, minutes: { type: 'string' } } as const
    const { values, positionals: names } = parseArgs({ options, allowPositionals: true })
    const { json, minutes } = values
    const isWrong = minutes !== undefined && (!(Number(minutes) > 0) || names[0] !== 'soak')
    const problem = isWrong ? `--minutes is a number above 0, for the case soak; it is ${minutes}.` : undefined
    return { names, json, minutes: minutes === undefined ? [] : [minutes], problem }
  } catch (error) {
    return { names: [], json: false, minutes: [], problem: error instanceof Error ? error.message : String(error) }
  }
}
