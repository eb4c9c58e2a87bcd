/** How a column is laid out. Part of the format: never change a number. */
export const Layout = {
  /** Values one by one, each with its kind. */
  mixed: 0,
  undefined: 1,
  int32: 2,
  float64: 3,
  boolean: 4,
  latin1: 5,
  utf16: 6,
  /** Objects with the same properties in the same order: a column for each. */
  objects: 7,
  /** Arrays without holes: their lengths, and a column of all their elements. */
  arrays: 8,
} as const

/** Rows of a block, and elements of the arrays in a column. */
export const ROWS_MAX = 1 << 20

/** Columns within columns; what is deeper is written value by value. */
export const COLUMN_DEPTH_MAX = 8

/** Properties that become columns of their own. */
export const PROPERTIES_MAX = 64
