// `npm run fuzz -- [SECONDS]`: runs every fuzz target for so long (default: 60), one after the other.
// Needs a nightly Rust; nothing else here does. What a target finds becomes a file in tests/crashers/.
import { existsSync } from 'node:fs';
import { capture, fail, run } from '../scripts/lib/spawn.mjs';

const TARGETS = ['decode', 'validate', 'round_trip', 'frame'];
const CARGO_FUZZ = '0.13.2';
const seconds = Number(process.argv[2] ?? 60);

if (!Number.isInteger(seconds) || seconds < 1) {
  fail(`fuzz: '${process.argv[2]}' is not a number of seconds, as in npm run fuzz -- 60`);
}
if (capture('cargo', ['+nightly', '--version']).status !== 0) {
  fail('fuzz: a nightly Rust is missing: rustup toolchain install nightly');
}
if (!existsSync('.tools/bin/cargo-fuzz')) {
  console.log(`fuzz: building cargo-fuzz ${CARGO_FUZZ} (about 1 minute)`);
  const options = ['--quiet', '--debug', '--locked', '--root', '.tools'];
  run('cargo', ['install', ...options, `cargo-fuzz@${CARGO_FUZZ}`]);
}
for (const target of TARGETS) {
  console.log(`fuzz: ${target}, ${seconds} s`);
  const corpus = `target/fuzz-corpus/${target}`;
  run('mkdir', ['-p', corpus]);
  run('cargo', [
    ...['+nightly', 'fuzz', 'run', '--target-dir', 'target/fuzz', target, corpus, '--'],
    ...[`-max_total_time=${seconds}`, '-print_final_stats=1', '-artifact_prefix=tests/crashers/'],
    ...['-max_len=4096', '-verbosity=0'],
  ]);
}
