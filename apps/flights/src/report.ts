import type { AirportResult } from './results.ts'
import { type Column, textTable } from './text-table.ts'

/** The run as a whole. */
export interface Summary {
  readonly type: 'summary'
  readonly dataset: string
  readonly boundMinutes: number
  readonly records: number
  /** Records that came before the frontier had passed them. */
  readonly onTime: number
  /** Records that came behind the frontier. */
  readonly late: number
  readonly airports: number
  /** Hours of airports with at least one record. */
  readonly airportHours: number
  readonly airportDays: number
  readonly epochs: number
  /** The last epoch before the one that ends the stream. */
  readonly frontier: string | null
  readonly seconds: number
  readonly recordsPerSecond: number
}

const BUSIEST = 15
const NAME_CHARACTERS_MAX = 33

/** The result as people read it. */
export function reportText(airports: readonly AirportResult[], summary: Summary): string {
  const busiest = airports.slice(0, BUSIEST)
  return [
    `The ${busiest.length} busiest of ${summary.airports} airports`,
    '',
    textTable(columns, busiest),
    '',
    'On time: at most 15 minutes late. Worst hour of the day and worst day, by average delay in minutes.',
    `Late: records that came behind the frontier, with a bound of ${summary.boundMinutes} minutes. They are in no other column.`,
    '',
    textTable(summaryColumns, summaryRows(summary)).split('\n').slice(2).join('\n'),
  ].join('\n')
}

const columns: readonly Column<AirportResult>[] = [
  { title: 'airport', align: 'start', text: ({ airport }) => airport },
  { title: 'name', align: 'start', text: ({ name }) => shortened(name ?? '') },
  { title: 'flights', align: 'end', text: ({ flights }) => count(flights) },
  {
    title: 'avg delay',
    align: 'end',
    text: ({ averageDelayMinutes }) => (averageDelayMinutes === null ? '' : averageDelayMinutes.toFixed(1)),
  },
  { title: 'on time', align: 'end', text: ({ delayedShare }) => (delayedShare === null ? '' : percent(1 - delayedShare)) },
  {
    title: 'worst hour',
    align: 'end',
    text: ({ worstHour: worst }) => (worst === null ? '' : `${hourText(worst.hour)} ${signed(worst.averageDelayMinutes).padStart(6)}`),
  },
  {
    title: 'worst day',
    align: 'end',
    text: ({ worstDay: worst }) => (worst === null ? '' : `${worst.day} ${signed(worst.averageDelayMinutes).padStart(6)}`),
  },
  { title: 'late', align: 'end', text: ({ late }) => count(late) },
]

interface SummaryRow {
  readonly title: string
  readonly value: string
  readonly remark: string
}

const summaryColumns: readonly Column<SummaryRow>[] = [
  { title: '', align: 'start', text: ({ title }) => title },
  { title: '', align: 'end', text: ({ value }) => value },
  { title: '', align: 'start', text: ({ remark }) => remark },
]

function summaryRows(summary: Summary): SummaryRow[] {
  const { records, late, airportHours, airportDays, epochs, frontier, seconds, recordsPerSecond } = summary
  return [
    { title: 'records', value: count(records), remark: `in ${seconds.toFixed(2)} s: ${count(recordsPerSecond)} records/s` },
    { title: 'late', value: count(late), remark: records === 0 ? '' : `${percent(late / records)} of the records` },
    {
      title: 'windows',
      value: count(airportHours + airportDays),
      remark: `${count(airportHours)} hours and ${count(airportDays)} days of airports`,
    },
    { title: 'epochs', value: count(epochs), remark: frontier === null ? '' : `the last at ${frontier.replace('T', ' ')}` },
  ]
}

function shortened(name: string): string {
  return name.length <= NAME_CHARACTERS_MAX ? name : `${name.slice(0, NAME_CHARACTERS_MAX - 3).trimEnd()}...`
}

function hourText(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`
}

function signed(minutes: number): string {
  return `${minutes > 0 ? '+' : ''}${minutes.toFixed(1)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
