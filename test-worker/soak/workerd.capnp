# The soak in bare workerd, with an inspector, by which the script reads the heap.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "soak", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "soak") ],
  v8Flags = [ "--expose-gc" ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/soak/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../../target/soak/lumenize_call_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Source", uniqueKey = "source"),
    (className = "Target", uniqueKey = "target"),
  ],
  durableObjectStorage = (inMemory = void),
  bindings = [
    (name = "SOURCE", durableObjectNamespace = "Source"),
    (name = "TARGET", durableObjectNamespace = "Target"),
  ],
);
