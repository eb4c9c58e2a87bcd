import { readFile } from 'node:fs/promises'
import { decompress } from 'fzstd'
import { type ColumnData, parquetMetadata, parquetRead } from 'hyparquet'
import { dataFile } from './data-file.ts'
import { type FlightColumns, FlightColumnsBuilder } from './flights.ts'

/** `full`: 3,000,000 flights of January to June 2001. `small`: 20,000 of January to March. */
export type Dataset = 'full' | 'small'

/** The name of a data set, and what it holds. */
export const datasets: Readonly<Record<Dataset, string>> = { full: 'flights-3m.parquet', small: 'flights-20k.json' }

/** Reads the flights of a data set, in the order in which they left. */
export function readFlights(dataset: Dataset): Promise<FlightColumns> {
  const path = dataFile(datasets[dataset])
  return dataset === 'full' ? readParquet(path) : readJson(path)
}

const MICROS_PER_MINUTE = 60_000_000n

/** One row group after the other, and only the columns that the job needs. */
async function readParquet(path: string): Promise<FlightColumns> {
  const bytes = await readFile(path)
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  const metadata = parquetMetadata(file)
  const flights = new FlightColumnsBuilder(Number(metadata.num_rows))
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    await parquetRead({
      file,
      metadata,
      rowStart,
      rowEnd,
      columns: ['date', 'delay', 'origin'],
      compressors: { ZSTD: (input, length) => decompress(input, new Uint8Array(length)) },
      // Minutes instead of Dates; called once for each value of the column's dictionary.
      parsers: { timestampFromMicroseconds: (micros) => Number(micros / MICROS_PER_MINUTE) },
      onChunk: (chunk) => addChunk(flights, chunk),
    })
    rowStart = rowEnd
  }
  return flights.sorted()
}

function addChunk(flights: FlightColumnsBuilder, { columnName, columnData, rowStart }: ColumnData): void {
  const { length } = columnData
  if (columnName === 'date') for (let i = 0; i < length; i++) flights.setDeparture(rowStart + i, columnData[i])
  else if (columnName === 'delay') for (let i = 0; i < length; i++) flights.setDelay(rowStart + i, Number(columnData[i]))
  else for (let i = 0; i < length; i++) flights.setOrigin(rowStart + i, columnData[i])
}

interface JsonFlight {
  /** `2001/01/01 06:55` */
  readonly date: string
  readonly delay: number
  readonly origin: string
}

async function readJson(path: string): Promise<FlightColumns> {
  const rows: readonly JsonFlight[] = JSON.parse(await readFile(path, 'utf8'))
  const flights = new FlightColumnsBuilder(rows.length)
  rows.forEach(({ date, delay, origin }, row) => {
    flights.setDeparture(row, Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}Z`) / 60_000)
    flights.setDelay(row, delay)
    flights.setOrigin(row, origin)
  })
  return flights.sorted()
}
