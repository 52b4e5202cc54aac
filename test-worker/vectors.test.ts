/** The vectors that Rust walks too, through the public API: wire ↔ meaning, and the reject list. */
import { explain } from '@lumenize/call';
import { expect, test } from 'vitest';
import frames from '../tests/vectors/frames.json';
import rejects from '../tests/vectors/rejects.json';
import { refusal, send } from './handmade.js';
import { calc, inCaller } from './in-object.js';

const next = calc().next();
const { origin } = calc();

const recorded = [
  next,
  calc().add(1, 10),
  calc().add(calc().add(1, 10), 5),
  calc().add(calc().add(1, 10), calc().addSlowly(100, 1000)),
  origin.x,
  origin.distance(10),
  calc().adder(1)(2),
  calc().greet().trim().length,
  calc().pair(next, next),
  calc().pair(origin.x, origin.distance(10)),
  calc().echo({ k: [1, calc().add(2, 3)], plain: { a: 1 } }),
  calc().echo({ größe: next }),
  calc().echo([...Array.from({ length: 30 }, (_, index) => index), next]),
];

test.for(frames.map((vector, index) => [vector.explain, vector, index] as const))(
  'vector: %s is recorded, sent as its wire, and answered',
  ([text, vector, index]) =>
    inCaller('vectors', async (caller) => {
      const remote = recorded[index] as (typeof recorded)[0];
      expect(explain(remote)).toBe(text);
      const sent = await caller.svc.callRaw('SPY' as 'CALC', 'main', remote);
      // Behind the slots stands the context of the call.
      const context = ['__lmzContext', expect.any(Array), [expect.any(Number), 25_000]];
      expect(sent).toEqual({ wire: vector.wire, slots: [...vector.slots, context] });
      const answer = await send(`vector ${index}`, bytesOf(vector.wire), ...vector.slots);
      expect(answer).toEqual(vector.result);
    }),
);

test(`vectors: ${rejects.length} rejects are refused for their reason`, async () => {
  for (const { why, wire, slots, code, says } of rejects) {
    const refused = await refusal('rejects', bytesOf(wire), ...new Array(slots).fill(0));
    expect.soft(refused, why).toEqual({ code, message: says });
  }
});

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
