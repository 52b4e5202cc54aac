# Accounts in bare workerd, with storage on disk.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "torture", worker = .worker),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [ (name = "http", http = (), service = "torture") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../../target/torture/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../../target/torture/lumenize_call_bg.wasm"),
    (name = "lumenize_call_durable_bg.wasm", wasm = embed "../../target/torture/lumenize_call_durable_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [ (className = "Account", uniqueKey = "account", enableSql = true) ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "ACCOUNT", durableObjectNamespace = "Account"),
    (name = "CALM", fromEnvironment = "TORTURE_CALM"),
  ],
);
