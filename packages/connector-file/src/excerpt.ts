const EXCERPT_CHARACTERS_MAX = 80

/** The beginning of a record, for an error message. */
export function excerpt(text: string): string {
  return text.length <= EXCERPT_CHARACTERS_MAX ? text : `${text.slice(0, EXCERPT_CHARACTERS_MAX)}...`
}
