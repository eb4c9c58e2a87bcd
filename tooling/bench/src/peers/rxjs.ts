import { filter, from, groupBy, map, mergeMap, type Observable, scan } from 'rxjs'
import type { Pipeline, Step } from '../pipeline.ts'

/** RxJS as its documentation does it: one operator per step, `groupBy` and `scan` for state per key. */
export function runRxjs({ values, steps, sink }: Pipeline): void {
  steps.reduce<Observable<unknown>>(append, from(values)).subscribe((value) => sink.write(value))
}

function append(stream: Observable<unknown>, step: Step): Observable<unknown> {
  switch (step.kind) {
    case 'map':
      return stream.pipe(map(step.f))
    case 'filter':
      return stream.pipe(filter(step.f))
    case 'flatMap':
      return stream.pipe(mergeMap(step.f))
    case 'foldBy':
      return stream.pipe(
        groupBy(step.keyOf),
        mergeMap((group) => group.pipe(scan(step.f, step.start))),
      )
  }
}
