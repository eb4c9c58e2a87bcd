import type { QueryName } from './queries/index.ts'
import type { Answer } from './query.ts'

/** How many events the golden answers are for, with the seeding of Java. */
export const GOLDEN_EVENTS = 100_000

/**
 * The answers for 100,000 events. Those of q0 to q5 and q7 to q9 come from another implementation; that of q6 is what `naiveAnswer`
 * says.
 */
export const goldens: Readonly<Record<QueryName, Answer>> = {
  q0: { count: 92_000, sumAuction: 363_648_112, sumBidder: 172_130_989, sumPrice: 667_953_890_778 },
  q1: { sumPrice908: 606_502_132_826_424 },
  q2: { count: 351, sumAuction: 1_348_449, sumPrice: 2_502_808_698 },
  q3: { count: 580, sumId: 2_586_338 },
  q4: {
    10: { count: 801, average: 33_984_800 },
    11: { count: 833, average: 33_110_270 },
    12: { count: 797, average: 32_828_496 },
    13: { count: 809, average: 32_635_248 },
    14: { count: 812, average: 34_803_745 },
  },
  q5: { rows: 15, sumAuction: 62_700, sumNum: 23_373, windows: 9 },
  q6: { rows: 4_052, sumSeller: 7_359_247, sumAverage: 133_956_720_813 },
  q7: { rows: 1, sumAuction: 3_100, sumBidder: 1_438, sumPrice: 99_958_591 },
  q8: { rows: 902, sumId: 1_543_328 },
  q9: { rows: 4_052, sumAuction: 15_799_677, sumPrice: 135_629_549_844 },
}
