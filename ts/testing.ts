/** The entry for tests, whichever entry loads the core: it stands between calls and the platform from the moment in which it is loaded. */
import { intervene } from './testing/intervene.js';

intervene();

export * from './testing/index.js';
