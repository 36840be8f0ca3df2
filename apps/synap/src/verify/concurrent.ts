/**
 * Runs `work` on every item, at most `limit` at once. If one fails, no new ones begin, and those under way end before
 * the first failure is passed on.
 */
export async function concurrently<Item>(
  items: AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const item of items) {
    const task: Promise<void> = work(item)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(task));
    running.add(task);
    if (running.size >= limit) await Promise.race(running);
    if (failures.length > 0) break;
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}

/** A fair sample of at most `size` items, in one pass over any number of them (Vitter's algorithm R). */
export async function sample<Item>(items: AsyncIterable<Item>, size: number): Promise<Item[]> {
  const chosen: Item[] = [];
  let seen = 0;
  for await (const item of items) {
    seen++;
    if (chosen.length < size) chosen.push(item);
    else {
      const place = Math.floor(Math.random() * seen);
      if (place < size) chosen[place] = item;
    }
  }
  return chosen;
}
