/** A tuple of `N` times `S`, for a literal `N`; otherwise an array. */
export type Clones<S, N extends number> = number extends N ? readonly S[] : TupleOf<S, N>

type TupleOf<S, N extends number, Built extends readonly S[] = readonly []> = Built['length'] extends N
  ? Built
  : Built['length'] extends 50
    ? readonly S[]
    : TupleOf<S, N, readonly [...Built, S]>
