/** The core, compiled: what wrangler, Vite and vitest make of a `.wasm` file that is imported. */
declare const module: WebAssembly.Module;
export default module;
