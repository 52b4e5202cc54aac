/** Plans that came to something else once, as `print`ed by a run that failed: they run first. */
import type { Plan } from './plan.js';

export const regressions: readonly Plan[] = [];
