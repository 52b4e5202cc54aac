# Random plans in bare workerd.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "differential", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "differential") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/differential/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../../target/differential/lumenize_call_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "DifferentialTarget", uniqueKey = "target", enableSql = true),
    (className = "DifferentialCaller", uniqueKey = "caller", enableSql = true),
  ],
  durableObjectStorage = (inMemory = void),
  bindings = [
    (name = "TARGET", durableObjectNamespace = "DifferentialTarget"),
    (name = "CALLER", durableObjectNamespace = "DifferentialCaller"),
    (name = "SERVICE", service = (name = "differential", entrypoint = "DifferentialEntrypoint")),
  ],
);
