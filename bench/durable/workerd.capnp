# Durable calls in bare workerd, with storage on disk.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "bench", worker = .worker),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [ (name = "http", http = (), service = "bench") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/bench-durable/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../../target/bench-durable/lumenize_call_bg.wasm"),
    (name = "lumenize_call_durable_bg.wasm", wasm = embed "../../target/bench-durable/lumenize_call_durable_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Sender", uniqueKey = "sender", enableSql = true),
    (className = "ByHand", uniqueKey = "by hand", enableSql = true),
    (className = "Target", uniqueKey = "target", enableSql = true),
    (className = "CountedSender", uniqueKey = "counted sender", enableSql = true),
    (className = "CountedTarget", uniqueKey = "counted target", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "SENDER", durableObjectNamespace = "Sender"),
    (name = "BY_HAND", durableObjectNamespace = "ByHand"),
    (name = "TARGET", durableObjectNamespace = "Target"),
    (name = "COUNTED_SENDER", durableObjectNamespace = "CountedSender"),
    (name = "COUNTED_TARGET", durableObjectNamespace = "CountedTarget"),
  ],
);
