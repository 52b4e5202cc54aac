// `npm run experiment:encoding`: builds the three encodings, times them in bare workerd and writes
// experiments/encoding/RESULTS.md.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { wasmPack } from '../../scripts/build/build.mjs';
import { serve } from '../../scripts/lib/workerd.mjs';

const FOLDER = 'target/experiments';
const ENCODINGS = ['cbor', 'postcard', 'text'];

const sizes = {};
for (const name of ENCODINGS) {
  console.log(`experiment: building ${name}`);
  wasmPack('experiments/encoding', `${FOLDER}/${name}`, ['--', '--features', name]);
  const wasm = `${FOLDER}/${name}/encoding_experiment_bg.wasm`;
  sizes[name] = gzipSync(readFileSync(wasm), { level: 9 }).length;
  copyFileSync(wasm, `${FOLDER}/${name}.wasm`);
}
await build({
  entryPoints: ['experiments/encoding/worker.js'],
  outfile: `${FOLDER}/worker.js`,
  bundle: true,
  format: 'esm',
  plugins: [
    {
      name: 'wasm',
      setup: (esbuild) =>
        esbuild.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({
          path: `./${path.split('/').at(-2)}.wasm`,
          external: true,
        })),
    },
  ],
});
const { ask, stop } = await serve('experiments/encoding/workerd.capnp');
const results = await ask('').finally(stop);

const ratio = (result, what) => {
  const cbor = results.find(({ frame, name }) => frame === result.frame && name === 'cbor');
  return (result[what] / cbor[what]).toFixed(2);
};
const lines = [
  '# Which encoding for frames',
  '',
  'Written by `npm run experiment:encoding`: CBOR by minicbor, postcard by serde, and compact text, on',
  'the same flat form and with the same checks, in bare workerd, medians of 11 interleaved rounds. Times',
  'are ratios to CBOR, the crossing into wasm included. Sizes of wasm are gzip, glue not counted.',
  '',
  '| frame | encoding | bytes | encode ÷ CBOR | decode ÷ CBOR |',
  '| --- | --- | --- | --- | --- |',
  ...results.map(
    (result) =>
      `| \`${result.frame}\` | ${result.name} | ${result.size} | ${ratio(result, 'encode')} | ${ratio(result, 'decode')} |`,
  ),
  '',
  '| encoding | wasm, KiB |',
  '| --- | --- |',
  ...ENCODINGS.map((name) => `| ${name} | ${(sizes[name] / 1024).toFixed(1)} |`),
  '',
];
const conclusion = readFileSync('experiments/encoding/CONCLUSION.md', 'utf8');
writeFileSync('experiments/encoding/RESULTS.md', `${lines.join('\n')}\n${conclusion}`);
console.table(results);
console.log(sizes);
