/** wrangler, workerd and vitest alike import a `.wasm` file as a compiled module. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}

/** Node has it. */
interface ImportMeta {
  readonly url: string;
}

/** The part that the entry for Node needs. All of Node's types would change those of the Workers runtime. */
declare module 'node:fs' {
  export function readFileSync(path: URL): BufferSource;
}
