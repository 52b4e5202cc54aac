// Serves a workerd configuration with a worker before it that receives its spans (tail.js).
import { readFileSync, writeFileSync } from 'node:fs';
import { serve } from '../workerd.mjs';

const TAIL = `
const tail :Workerd.Worker = (
  modules = [ (name = "tail.js", esModule = embed "../scripts/lib/tracing/tail.js") ],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["experimental", "streaming_tail_worker"],
  bindings = [ (name = "TRACED", service = "traced"), (name = "KEEPS_NOTHING", json = "…") ],
);
`;

/**
 * As `serve` for a configuration whose worker is named `worker`.
 *
 * @param options.keepsNothing - Whether spans are received and dropped: to measure what they cost.
 */
export function serveTraced(config, { keepsNothing = false, ...options } = {}) {
  const file = `target/${config.replaceAll('/', '.')}`;
  const text = readFileSync(config, 'utf8')
    .replaceAll(/embed "[./]*target\//g, 'embed "../target/')
    .replace(/\(name = "\w+", worker = \.worker\),?/, '(name = "traced", worker = .worker),')
    .replace('services = [', 'services = [ (name = "tail", worker = .tail),')
    .replace(/(sockets = .* service = )"\w+"/, '$1"tail"')
    .replace('const worker :Workerd.Worker = (', '$&\n  streamingTails = ["tail"],');
  writeFileSync(file, text + TAIL.replace('…', String(keepsNothing)));
  return serve(file, { ...options, experimental: true });
}
