# The experiment in bare workerd.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "deadlock", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "deadlock") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/experiments/deadlock/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../../target/experiments/deadlock/lumenize_call_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Free", uniqueKey = "free"),
    (className = "Locked", uniqueKey = "locked"),
  ],
  durableObjectStorage = (inMemory = void),
  bindings = [
    (name = "FREE", durableObjectNamespace = "Free"),
    (name = "LOCKED", durableObjectNamespace = "Locked"),
  ],
);
