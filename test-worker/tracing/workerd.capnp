# Objects whose requests are traced, and the worker that receives their spans and stands before them.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "traced", worker = .traced),
    (name = "tail", worker = .tail),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [ (name = "http", http = (), service = "tail") ],
);

const traced :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/tracing/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../../target/tracing/lumenize_call_bg.wasm"),
    (name = "lumenize_call_durable_bg.wasm", wasm = embed "../../target/tracing/lumenize_call_durable_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Cart", uniqueKey = "cart", enableSql = true),
    (className = "Users", uniqueKey = "users", enableSql = true),
    (className = "Stock", uniqueKey = "stock", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "CART", durableObjectNamespace = "Cart"),
    (name = "USERS", durableObjectNamespace = "Users"),
    (name = "STOCK", durableObjectNamespace = "Stock"),
  ],
  streamingTails = ["tail"],
);

const tail :Workerd.Worker = (
  modules = [ (name = "tail.js", esModule = embed "../../scripts/lib/tail.js") ],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["experimental", "streaming_tail_worker"],
  bindings = [ (name = "TRACED", service = "traced") ],
);
