import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';

for (const o of [{ minify: true }, {}, { minify: true, entryPoints: ['pkg/durable.js'] }]) {
  const { outputFiles } = buildSync({
    entryPoints: ['pkg/workerd.js'],
    bundle: true,
    format: 'esm',
    external: ['cloudflare:workers', '*.wasm'],
    keepNames: true,
    write: false,
    ...o,
  });
  console.log(
    outputFiles[0].contents.length,
    gzipSync(outputFiles[0].contents, { level: 9 }).length,
  );
}
