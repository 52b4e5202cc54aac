/** What recording costs: `ctn().m(a, b)`, beside calling a function that keeps its arguments. */
import { newContinuation } from '@lumenize/call';

interface Target {
  m(a: number, b: number): number;
}

const ROUNDS = 21;
const TIMES = 100_000;

export default {
  fetch() {
    const recording: number[] = [];
    const baseline: number[] = [];
    let kept: unknown;
    for (let round = 0; round < ROUNDS; round++) {
      recording.push(time((n) => (kept = newContinuation<Target>().m(n, 1))));
      baseline.push(time((n) => (kept = keep(n, 1))));
    }
    return Response.json({
      recording: median(recording),
      baseline: median(baseline),
      spread: Math.max(...recording) - Math.min(...recording),
      kept: typeof kept,
    });
  },
} satisfies ExportedHandler;

function keep(...args: number[]): number[] {
  return args;
}

/** Nanoseconds for one run. */
function time(run: (n: number) => void): number {
  const start = performance.now();
  for (let n = 0; n < TIMES; n++) run(n);
  return ((performance.now() - start) * 1e6) / TIMES;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
