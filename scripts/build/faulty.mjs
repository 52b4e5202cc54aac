// Builds target/faulty/: the package on a core that exports `fault`, by which tests make it trap.
// What is published has no such export.
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { buildWasm, MODULES } from './build.mjs';

export function buildFaulty() {
  const wasm = buildWasm('faulty', ['--features', 'faults']);
  rmSync('target/faulty', { recursive: true, force: true });
  cpSync(MODULES, 'target/faulty', { recursive: true });
  cpSync(wasm, 'target/faulty/wasm', { recursive: true });
  if (readFileSync('pkg/wasm/lumenize_call.d.ts', 'utf8').includes('fault(')) {
    throw new Error('The published core can be made to trap.');
  }
}

if (process.argv[1].endsWith('faulty.mjs')) buildFaulty();
