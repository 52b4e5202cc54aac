# The demo in bare workerd: one process, no inspector, nothing between the objects.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "demo", worker = .worker) ],
  sockets = [ (name = "http", http = (), service = "demo") ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../target/demo/worker.js"),
    (name = "lumenize_call_bg.wasm", wasm = embed "../target/demo/lumenize_call_bg.wasm"),
    (name = "lumenize_call_durable_bg.wasm",
      wasm = embed "../target/demo/lumenize_call_durable_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [
    (className = "Users", uniqueKey = "users"),
    (className = "Calc", uniqueKey = "calc"),
    (className = "Cart", uniqueKey = "cart"),
    (className = "Lab", uniqueKey = "lab"),
    (className = "LabTarget", uniqueKey = "lab-target"),
    (className = "LabCaller", uniqueKey = "lab-caller"),
    (className = "LabHot", uniqueKey = "lab-hot"),
    (className = "LabLimited", uniqueKey = "lab-limited"),
    (className = "LabShop", uniqueKey = "lab-shop", enableSql = true),
    (className = "LabStock", uniqueKey = "lab-stock", enableSql = true),
    (className = "LabCart", uniqueKey = "lab-cart"),
    (className = "LabUsers", uniqueKey = "lab-users"),
  ],
  durableObjectStorage = (inMemory = void),
  bindings = [
    (name = "USERS", durableObjectNamespace = "Users"),
    (name = "CALC", durableObjectNamespace = "Calc"),
    (name = "CART", durableObjectNamespace = "Cart"),
    (name = "LAB", durableObjectNamespace = "Lab"),
    (name = "LAB_TARGET", durableObjectNamespace = "LabTarget"),
    (name = "LAB_CALLER", durableObjectNamespace = "LabCaller"),
    (name = "LAB_HOT", durableObjectNamespace = "LabHot"),
    (name = "LAB_LIMITED", durableObjectNamespace = "LabLimited"),
    (name = "LAB_SHOP", durableObjectNamespace = "LabShop"),
    (name = "LAB_STOCK", durableObjectNamespace = "LabStock"),
    (name = "LAB_CART", durableObjectNamespace = "LabCart"),
    (name = "LAB_USERS", durableObjectNamespace = "LabUsers"),
  ],
);
