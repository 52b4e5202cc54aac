# The benchmark in bare workerd: no inspector, no network; one process for each way of a row.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "bench", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "bench") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../target/bench/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../target/bench/lumenize_call_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Driver", uniqueKey = "driver"),
    (className = "Target", uniqueKey = "target"),
  ],
  durableObjectStorage = (inMemory = void),
  bindings = [
    (name = "DRIVER", durableObjectNamespace = "Driver"),
    (name = "TARGET", durableObjectNamespace = "Target"),
  ],
);
