/** How often objects of this isolate have started of late: two that crash each other would do it without end. */

/** Milliseconds after which a start is not one of late. */
const LATE_MS = 60_000;

/** Objects that are remembered, at the most. */
const MOST_OBJECTS = 10_000;

const starts = new Map<string, { readonly count: number; readonly at: number }>();

/** Counts a start, and returns how many came before it of late. */
export function recentStarts(id: string): number {
  const now = Date.now();
  const last = starts.get(id);
  const count = last && now - last.at < LATE_MS ? last.count + 1 : 0;
  if (starts.size >= MOST_OBJECTS) starts.clear();
  starts.set(id, { count, at: now });
  return count;
}
