# The experiment in bare workerd: one process, no inspector, no network between the objects.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "calls", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "calls") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/experiments/calls/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../../target/experiments/calls/lumenize_call_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Controller", uniqueKey = "controller"),
    (className = "Target", uniqueKey = "target"),
  ],
  durableObjectStorage = (inMemory = void),
  bindings = [
    (name = "CONTROLLER", durableObjectNamespace = "Controller"),
    (name = "TARGET", durableObjectNamespace = "Target"),
  ],
);
