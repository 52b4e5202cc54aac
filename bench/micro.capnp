using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "bench", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "bench") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "micro.js", esModule = embed "../target/bench/micro.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../target/bench/lumenize_call_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
);
