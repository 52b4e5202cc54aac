using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "experiment", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "experiment") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/experiments/worker.js"),
    (name = "cbor.wasm", wasm = embed "../../target/experiments/cbor.wasm"),
    (name = "postcard.wasm", wasm = embed "../../target/experiments/postcard.wasm"),
    (name = "text.wasm", wasm = embed "../../target/experiments/text.wasm"),
  ],
  compatibilityDate = "2026-11-01",
);
