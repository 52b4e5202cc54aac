// `npm run bench:micro`: what recording `ctn().m(a, b)` costs, and opening and settling a call, in bare
// workerd.
import { build } from '../scripts/build/build.mjs';
import { bundle, serve } from '../scripts/lib/workerd.mjs';

/** Nanoseconds. */
const RECORDING = 600;
/** How much more a call may cost with 10,000 pending than with 10. A logarithm would be 4 times. */
const GROWTH = 3;

build();
await bundle('bench/micro.ts', 'target/bench');
const { ask, stop } = await serve('bench/micro.capnp');
const { recording, keeping, few, many } = await ask('').finally(stop);
const ns = (value) => `${value.toFixed(0)} ns`;
console.log(
  `recording: ${ns(recording)} (must: below ${ns(RECORDING)}); keeping arguments: ${ns(keeping)}`,
);
console.log(
  `opening and settling a call: ${ns(few)} with 10 pending, ${ns(many)} with 10,000: ` +
    `${(many / few).toFixed(2)} times (must: below ${GROWTH})`,
);
process.exitCode = recording < RECORDING && many / few < GROWTH ? 0 : 1;
