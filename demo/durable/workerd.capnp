# The eighth story in bare workerd, with storage on disk: --directory-path=disk=… says where.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "durable", worker = .worker),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [ (name = "http", http = (), service = "durable") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/demo/durable/worker.js"),
    (name = "lumenize_call_bg.wasm",
      wasm = embed "../../target/demo/durable/lumenize_call_bg.wasm"),
    (name = "lumenize_call_durable_bg.wasm",
      wasm = embed "../../target/demo/durable/lumenize_call_durable_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Shop", uniqueKey = "shop", enableSql = true),
    (className = "Stock", uniqueKey = "stock", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "SHOP", durableObjectNamespace = "Shop"),
    (name = "STOCK", durableObjectNamespace = "Stock"),
  ],
);
