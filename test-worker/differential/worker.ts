/**
 * The worker that runs plans. It is bundled for itself and has no tool around it, since what is compared
 * depends on the turns that the bare runtime gives to each message.
 */
import { type Found, search, shrink, type Trial } from './compare.js';

export { DifferentialCaller, DifferentialEntrypoint, DifferentialTarget } from './target.js';

/** What is asked for: so many random plans, in these ways. */
export interface Search {
  readonly count: number;
  readonly seed: number;
  readonly trials: readonly Trial[];
  /** How many that differ are enough. */
  readonly most?: number;
  /** How many of them are shrunk, one after the other. */
  readonly shrunk?: number;
}

export default {
  async fetch(request) {
    const { count, seed, trials, most, shrunk = 0 } = await request.json<Search>();
    const found = await search(count, seed, trials, most);
    for (let at = 0; at < shrunk && at < found.length; at++) {
      const smaller = await shrink(found[at] as Found, trials);
      if (smaller) found[at] = smaller;
    }
    return Response.json(found);
  },
} satisfies ExportedHandler;
