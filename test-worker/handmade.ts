/** Frames made by hand, for what the facade would never send. */
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';

/** What Workers RPC makes of a stub: the facade's own entry is not part of its types. */
interface Entry {
  __lmzCall(frame: unknown, ...slots: unknown[]): Promise<unknown>;
}

/** Bytes that stand for themselves in what `cbor` encodes. */
export const raw = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

/** The CBOR of numbers, text, null, lists and raw bytes: as much as frames need. */
export function cbor(value: unknown): number[] {
  if (value instanceof Uint8Array) return [...value];
  if (value === null) return [0xf6];
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return [...head(3, bytes.length), ...bytes];
  }
  const items = value as readonly unknown[];
  return head(4, items.length).concat(items.flatMap(cbor));
}

function head(major: number, argument: number): number[] {
  const type = major << 5;
  if (argument < 24) return [type | argument];
  if (argument < 0x100) return [type | 24, argument];
  if (argument < 0x1_0000) return [type | 25, argument >> 8, argument & 0xff];
  const bytes = [24, 16, 8, 0].map((shift) => (argument >>> shift) & 0xff);
  if (argument < 0x1_0000_0000) return [type | 26, ...bytes];
  const high = Math.floor(argument / 0x1_0000_0000);
  return [type | 27, ...[24, 16, 8, 0].map((shift) => (high >>> shift) & 0xff), ...bytes];
}

/** Of the wire format. */
export const VERSION = 2;

/** A frame of one program. */
export function frameOf(names: readonly unknown[], slots: number, ...steps: unknown[]): Uint8Array {
  return Uint8Array.from(cbor([VERSION, names, [[slots, steps]]]));
}

/** A frame that calls one method of the target, and reads a chain of names from its result. */
export function chainOf(entry: string, ...chain: string[]): Uint8Array {
  const reads = chain.map((_, index) => [0, index + 2, index + 1]);
  return frameOf([entry, ...chain], 0, [0, 0, 0], [1, 1], ...reads);
}

/** A frame's bytes as they travel: each as one code unit of a string. */
export function asSent(frame: unknown): unknown {
  return frame instanceof Uint8Array
    ? Array.from(frame, (byte) => String.fromCharCode(byte)).join('')
    : frame;
}

/** Sends a frame to a `Calc`, without the facade. */
export function send(instance: string, frame: unknown, ...slots: unknown[]): Promise<unknown> {
  const stub = env.CALC.getByName(instance) as unknown as Entry;
  return stub.__lmzCall(asSent(frame), ...slots);
}

/** A refused frame's code and message. A refusal says that nothing has run. */
export async function refusal(
  instance: string,
  frame: unknown,
  ...slots: unknown[]
): Promise<{ code: string; message: string }> {
  const answer = (await send(instance, frame, ...slots)) as [
    string,
    { message: string; properties: { code: string } },
  ];
  expect(answer[0]).toBe('__lmzRefusal');
  return { code: answer[1].properties.code, message: answer[1].message };
}
