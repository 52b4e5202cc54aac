# One hot object in bare workerd: no inspector, no network, storage in memory.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "bench", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "bench") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/bench-hot/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../../target/bench-hot/lumenize_call_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Hot", uniqueKey = "hot"),
    (className = "Limited", uniqueKey = "limited"),
    (className = "Refusing", uniqueKey = "refusing"),
    (className = "Caller", uniqueKey = "caller"),
    (className = "PatientCaller", uniqueKey = "patient caller"),
  ],
  durableObjectStorage = (inMemory = void),
  bindings = [
    (name = "HOT", durableObjectNamespace = "Hot"),
    (name = "LIMITED", durableObjectNamespace = "Limited"),
    (name = "REFUSING", durableObjectNamespace = "Refusing"),
    (name = "CALLER", durableObjectNamespace = "Caller"),
    (name = "PATIENT", durableObjectNamespace = "PatientCaller"),
  ],
);
