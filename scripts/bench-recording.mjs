// `npm run bench:recording`: what recording `ctn().m(a, b)` costs in bare workerd.
import { build } from './build.mjs';
import { bundle, serve } from './workerd.mjs';

/** Nanoseconds. */
const BUDGET = 600;

build();
await bundle('bench/recording.ts', 'target/bench');
const { url, stop } = await serve('bench/recording.capnp');
const { recording, baseline, spread } = await (await fetch(url)).json().finally(stop);
console.log(
  `recording: ${recording.toFixed(0)} ns (spread ${spread.toFixed(0)} ns), keeping arguments: ${baseline.toFixed(0)} ns`,
);
console.log(`recording must cost less than ${BUDGET} ns`);
process.exitCode = recording < BUDGET ? 0 : 1;
