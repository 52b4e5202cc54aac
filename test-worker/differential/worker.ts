/**
 * The worker that runs plans. It is bundled for itself and has no tool around it, since what is compared
 * depends on the turns that the bare runtime gives to each message.
 */
import { search, type Trial } from './compare.js';

export { DifferentialCaller, DifferentialEntrypoint, DifferentialTarget } from './target.js';

/** What is asked for: so many random plans, in these ways. */
export interface Search {
  readonly count: number;
  readonly seed: number;
  readonly trials: readonly Trial[];
  /** How many that differ are enough. */
  readonly most?: number;
}

export default {
  async fetch(request) {
    const { count, seed, trials, most } = await request.json<Search>();
    return Response.json(await search(count, seed, trials, most));
  },
} satisfies ExportedHandler;
