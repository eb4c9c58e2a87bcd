import { defineJob, MalstromError } from 'malstrom'
import { BOUND_MINUTES, delayStatistics } from './delay-statistics.ts'
import { flightSource } from './flight-source.ts'
import { jsonLines } from './json-lines.ts'
import { type Dataset, datasets, readFlights } from './read-flights.ts'

export interface FlightsParams {
  /** @default 'full' */
  readonly dataset?: Dataset
  /** How far a flight may be behind the latest one before it counts as late. @default 120 */
  readonly boundMinutes?: number
}

/** The demo as a job for `malstrom run`: its results go to standard output as lines of JSON. */
export default defineJob<FlightsParams | undefined>({
  name: 'flights',
  module: import.meta.url,
  build(flow, { dataset = 'full', boundMinutes = BOUND_MINUTES } = {}) {
    if (!Object.hasOwn(datasets, dataset)) {
      throw new MalstromError('ERR_CLI_PARAMS', `The param dataset is full or small, not ${JSON.stringify(dataset)}.`)
    }
    const { windows, airports } = delayStatistics(
      flow,
      flightSource(() => readFlights(dataset)),
      boundMinutes,
    )
    windows.sink('windows', jsonLines(process.stdout))
    airports.sink('airport-results', jsonLines(process.stdout))
  },
})
