# Durable Objects with SQLite on disk. The driver says where the disk is: --directory-path=disk=….
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
    (name = "worker.js", esModule = embed "../../target/experiments/durable/worker.js"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Turns", uniqueKey = "turns", enableSql = true),
    (className = "Receiver", uniqueKey = "receiver", enableSql = true),
    (className = "Storage", uniqueKey = "storage", enableSql = true),
    (className = "Alarms", uniqueKey = "alarms", enableSql = true),
    (className = "Sharing", uniqueKey = "shared-alarm", enableSql = true),
    (className = "SharedServer", uniqueKey = "shared-server", enableSql = true),
    (className = "Sender", uniqueKey = "sender", enableSql = true),
    (className = "Target", uniqueKey = "target", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "TURNS", durableObjectNamespace = "Turns"),
    (name = "RECEIVER", durableObjectNamespace = "Receiver"),
    (name = "STORAGE", durableObjectNamespace = "Storage"),
    (name = "ALARMS", durableObjectNamespace = "Alarms"),
    (name = "SHARED_ALARM", durableObjectNamespace = "Sharing"),
    (name = "SHARED_SERVER", durableObjectNamespace = "SharedServer"),
    (name = "SENDER", durableObjectNamespace = "Sender"),
    (name = "TARGET", durableObjectNamespace = "Target"),
  ],
);
