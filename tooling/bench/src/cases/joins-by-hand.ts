/** A record of one of two streams that are read as one, as they come. */
export interface Entry {
  readonly side: 'left' | 'right'
  readonly key: number
  readonly amount: number
  /** In milliseconds of event time. */
  readonly at: number
}

/** By how much records are behind the latest one at most. */
export const DISORDER_MS = 500
/** `join`: for how long an order waits for its payment. */
export const TTL_MS = 60_000
/** `intervalJoin`: for how long after a view a click counts. */
export const CLICK_MS = 5_000
/** `windowJoin`: the length of a window. */
export const WINDOW_MS = 10_000

/** Each order with its payment, whichever comes first. What finds none is forgotten after a while. */
export function joinByHand(entries: readonly Entry[]): number {
  const orders = new Map<number, Entry>()
  const payments = new Map<number, Entry>()
  let checksum = 0
  let cleanAt = 0
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry
    const [own, others] = entry.side === 'left' ? [orders, payments] : [payments, orders]
    const other = others.get(entry.key)
    if (other === undefined || Math.abs(other.at - entry.at) > TTL_MS) own.set(entry.key, entry)
    else {
      others.delete(entry.key)
      checksum += entry.amount * other.amount
    }
    if (entry.at < cleanAt) continue
    cleanAt = entry.at + 1_000
    for (const waiting of [orders, payments]) {
      for (const [key, { at }] of waiting) {
        if (at + TTL_MS > entry.at - DISORDER_MS) break
        waiting.delete(key)
      }
    }
  }
  return checksum
}

interface Visits {
  views: Entry[]
  clicks: Entry[]
}

/** Each click with the views of the same user in the seconds before. Users forget what is old, and came first, when they are looked at. */
export function intervalJoinByHand(entries: readonly Entry[]): number {
  const users = new Map<number, Visits>()
  let checksum = 0
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry
    let visits = users.get(entry.key)
    if (visits === undefined) {
      visits = { views: [], clicks: [] }
      users.set(entry.key, visits)
    }
    const frontier = entry.at - DISORDER_MS
    if (entry.side === 'left') {
      const { clicks } = visits
      let old = 0
      for (let c = 0; c < clicks.length; c++) {
        const click = clicks[c] as Entry
        if (click.at <= frontier) old += old === c ? 1 : 0
        else if (click.at >= entry.at && click.at <= entry.at + CLICK_MS) checksum += entry.amount * click.amount
      }
      if (old > 0) clicks.splice(0, old)
      visits.views.push(entry)
    } else {
      const { views } = visits
      let old = 0
      for (let v = 0; v < views.length; v++) {
        const view = views[v] as Entry
        if (view.at + CLICK_MS <= frontier) old += old === v ? 1 : 0
        else if (entry.at >= view.at && entry.at <= view.at + CLICK_MS) checksum += entry.amount * view.amount
      }
      if (old > 0) views.splice(0, old)
      visits.clicks.push(entry)
    }
  }
  return checksum
}

interface Meeting {
  readonly lefts: number[]
  readonly rights: number[]
}

/** All pairs of a user in one window, when time has passed it. */
export function windowJoinByHand(entries: readonly Entry[]): number {
  const windows = new Map<number, Map<number, Meeting>>()
  let checksum = 0
  let nextEnd = Number.POSITIVE_INFINITY
  const close = (epoch: number) => {
    nextEnd = Number.POSITIVE_INFINITY
    for (const [start, meetings] of windows) {
      if (start + WINDOW_MS - 1 > epoch) {
        nextEnd = Math.min(nextEnd, start + WINDOW_MS - 1)
        continue
      }
      windows.delete(start)
      for (const { lefts, rights } of meetings.values()) {
        for (const left of lefts) for (const right of rights) checksum += left * right
      }
    }
  }
  for (let i = 0; i < entries.length; i++) {
    const { side, key, amount, at } = entries[i] as Entry
    const start = Math.floor(at / WINDOW_MS) * WINDOW_MS
    let meetings = windows.get(start)
    if (meetings === undefined) {
      meetings = new Map()
      windows.set(start, meetings)
      nextEnd = Math.min(nextEnd, start + WINDOW_MS - 1)
    }
    let meeting = meetings.get(key)
    if (meeting === undefined) {
      meeting = { lefts: [], rights: [] }
      meetings.set(key, meeting)
    }
    if (side === 'left') meeting.lefts.push(amount)
    else meeting.rights.push(amount)
    if (at - DISORDER_MS >= nextEnd) close(at - DISORDER_MS)
  }
  close(Number.POSITIVE_INFINITY)
  return checksum
}

/** Each payment with the latest rate of its currency. */
export function tableJoinByHand(entries: readonly Entry[]): number {
  const rates = new Map<number, number>()
  let checksum = 0
  for (let i = 0; i < entries.length; i++) {
    const { side, key, amount } = entries[i] as Entry
    if (side === 'right') rates.set(key, amount)
    else {
      const rate = rates.get(key)
      if (rate !== undefined) checksum += amount * rate
    }
  }
  return checksum
}
