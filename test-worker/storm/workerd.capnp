# The storm in bare workerd, with an inspector, by which the script reads the heap.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "storm", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "storm") ],
  v8Flags = [ "--expose-gc" ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/storm/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../../target/storm/lumenize_call_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Ship", uniqueKey = "ship", enableSql = true),
    (className = "Pirate", uniqueKey = "pirate"),
  ],
  durableObjectStorage = (inMemory = void),
  bindings = [
    (name = "SHIP", durableObjectNamespace = "Ship"),
    (name = "PIRATE", durableObjectNamespace = "Pirate"),
  ],
);
