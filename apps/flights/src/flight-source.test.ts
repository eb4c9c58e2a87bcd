import { sourceSuite } from '@malstrom/testing'
import { flightSource } from './flight-source.ts'
import { FlightColumnsBuilder } from './flights.ts'

const departures = [30, 10, 20, 10, 40]

sourceSuite('flightSource', {
  setup: () => {
    const flights = new FlightColumnsBuilder(departures.length)
    departures.forEach((minute, row) => {
      flights.setDeparture(row, minute)
      flights.setDelay(row, row)
      flights.setOrigin(row, row % 2 === 0 ? 'ATL' : 'ORD')
    })
    return flights.sorted()
  },
  create: (flights) => flightSource(() => flights),
  // In the order of departure; of two at the same minute, the one that was given first.
  expected: [
    {
      partition: 'all',
      records: [
        { value: { origin: 'ORD', delayMinutes: 1 }, timestamp: 600_000 },
        { value: { origin: 'ORD', delayMinutes: 3 }, timestamp: 600_000 },
        { value: { origin: 'ATL', delayMinutes: 2 }, timestamp: 1_200_000 },
        { value: { origin: 'ATL', delayMinutes: 0 }, timestamp: 1_800_000 },
        { value: { origin: 'ATL', delayMinutes: 4 }, timestamp: 2_400_000 },
      ],
    },
  ],
})
