/**
 * How a column is laid out. Part of the format: never change a number. A column starts at a multiple
 * of 8 with a header of 8 bytes: the layout, a small number (24 bits) and a large one (32 bits).
 */
export const Layout = {
  /** Values one by one, each with its kind. */
  mixed: 0,
  /** One byte of zeros for eight rows, so that few bytes never announce many rows. */
  undefined: 1,
  int32: 2,
  float64: 3,
  /** A byte each. */
  boolean: 4,
  /** The lengths of all (small: the bytes of each), then all as one text (large: its UTF-16 units). */
  latin1: 5,
  utf16: 6,
  /** Objects with the same properties in the same order (small: how many): their names as a column of `large` bytes, and a column for each. */
  objects: 7,
  /** Arrays without holes: their lengths (small: the bytes of each), and a column of all their elements (large: how many). */
  arrays: 8,
  /** Texts that occur often (small: how many differ): for each its index in a byte, or in two if more than 256 differ, and those that differ as a column of `large` bytes. */
  dictionary: 9,
  /** Arrays of the same length (small) without holes: a column for each place. */
  tuples: 10,
  /** Dates, as milliseconds in 8 bytes each. */
  dates: 11,
  /** The same as property `small` of the objects that are the column before: keys often are. */
  property: 12,
  /** Objects of several shapes (small: how many): for each row a byte that tells its shape, then a column of the rows of each shape. */
  shapes: 13,
} as const

/** The first byte of a block of columns: format and its version. Its header has their number and that of the rows. */
export const BLOCK_FORMAT = 0xa2

/** Columns of a block, without those within others. */
export const BLOCK_COLUMNS_MAX = 256

/** Rows of a block, and elements of the arrays in a column. */
export const ROWS_MAX = 1 << 20

/** Columns within columns; what is deeper is written value by value. */
export const COLUMN_DEPTH_MAX = 8

/** Columns of a block, so that what refers to itself many times ends as an error soon. */
export const COLUMNS_MAX = 1_024

/** Properties that become columns of their own. */
export const PROPERTIES_MAX = 64

/** Elements of arrays that become columns of their own. */
export const TUPLE_LENGTH_MAX = 8

/** Shapes of the objects in one column. */
export const SHAPES_MAX = 8
