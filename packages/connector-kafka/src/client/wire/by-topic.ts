/** The items of each topic, in the order in which the topics first appear. */
export function byTopic<T extends { readonly topic: string }>(items: readonly T[]): [topic: string, items: T[]][] {
  const topics = new Map<string, T[]>()
  for (const item of items) {
    const others = topics.get(item.topic)
    if (others === undefined) topics.set(item.topic, [item])
    else others.push(item)
  }
  return [...topics]
}
