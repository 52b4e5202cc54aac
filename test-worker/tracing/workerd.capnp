# Objects whose requests are traced.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [ (name = "http", http = (), service = "worker") ],
);

const worker :Workerd.Worker = (
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
    (className = "Shelf", uniqueKey = "shelf", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "CART", durableObjectNamespace = "Cart"),
    (name = "USERS", durableObjectNamespace = "Users"),
    (name = "STOCK", durableObjectNamespace = "Stock"),
    (name = "SHELF", durableObjectNamespace = "Shelf"),
  ],
);
