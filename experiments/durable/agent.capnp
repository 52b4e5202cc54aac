# An Agent, with SQLite on disk, as workerd.capnp.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "agent", worker = .worker),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [ (name = "http", http = (), service = "agent") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "agent.js", esModule = embed "../../target/experiments/durable/agent.js"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [ (className = "SharedAgent", uniqueKey = "agent", enableSql = true) ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [ (name = "AGENT", durableObjectNamespace = "SharedAgent") ],
);
