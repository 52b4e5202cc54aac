// Times each encoding on the same frames, in interleaved rounds.
import * as cbor from '../../target/experiments/cbor/encoding_experiment.js';
import cborModule from '../../target/experiments/cbor/encoding_experiment_bg.wasm';
import * as postcard from '../../target/experiments/postcard/encoding_experiment.js';
import postcardModule from '../../target/experiments/postcard/encoding_experiment_bg.wasm';
import * as text from '../../target/experiments/text/encoding_experiment.js';
import textModule from '../../target/experiments/text/encoding_experiment_bg.wasm';

cbor.initSync({ module: cborModule });
postcard.initSync({ module: postcardModule });
text.initSync({ module: textModule });

const CODECS = { cbor, postcard, text };
const ROUNDS = 11;
const TIMES = 20_000;
const slot = (number) => number << 2;
const value = (number) => (number << 2) | 1;
const add = [0, 0, 0];
const FRAMES = {
  'add(1, 10)': [['add'], [2, 2, ...add, 1, 1, 2, slot(0), slot(1)], 2],
  'add(add(1, 10), add(100, 1000))': [
    ['add'],
    [
      4,
      6,
      ...add,
      ...add,
      1,
      2,
      2,
      slot(0),
      slot(1),
      ...add,
      1,
      4,
      2,
      slot(2),
      slot(3),
      1,
      1,
      2,
      value(3),
      value(5),
    ],
    4,
  ],
  'a chain of 40 steps, 10 names': [
    Array.from({ length: 10 }, (_, index) => `property${index}`),
    [0, 40, ...Array.from({ length: 40 }, (_, index) => [0, index, index % 10]).flat()],
    0,
  ],
};

export default {
  fetch() {
    const results = [];
    for (const [frame, [names, words, slots]] of Object.entries(FRAMES)) {
      const flat = Uint32Array.from(words);
      const joined = names.join('\0');
      for (const [name, codec] of Object.entries(CODECS)) {
        const bytes = codec.encode(flat, joined, slots);
        results.push({
          frame,
          name,
          bytes,
          slots,
          flat,
          joined,
          size: bytes.length,
          encode: [],
          decode: [],
        });
      }
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const result of results) {
        const codec = CODECS[result.name];
        result.encode.push(time(() => codec.encode(result.flat, result.joined, result.slots)));
        result.decode.push(time(() => codec.decode(result.bytes, result.slots)));
      }
    }
    return Response.json(
      results.map(({ frame, name, size, encode, decode }) => ({
        frame,
        name,
        size,
        encode: median(encode),
        decode: median(decode),
      })),
    );
  },
};

/** Nanoseconds for one run. */
function time(run) {
  const start = performance.now();
  for (let times = 0; times < TIMES; times++) run();
  return ((performance.now() - start) * 1e6) / TIMES;
}

function median(values) {
  return Math.round(values.toSorted((a, b) => a - b)[values.length >> 1]);
}
