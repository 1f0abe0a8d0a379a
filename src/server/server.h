#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/network/address.h"
#include "io/world.h"
#include "node/node.h"
#include "server/server_options.h"

namespace millrace::server {

// Server: a node with its doors open.
//
// Threading:  open and the destructor block, and run on no executor.
// Ownership:  the world outlives it.
// Failure:    open: what the data directory says; kInUse for a port that is taken, kInvalidOption.
class Server {
 public:
  struct Hooks {
    std::function<void(std::string_view)> print;   // lines of 'print' sinks
    std::function<void(const Error&)> on_problem;  // of a client; the server goes on
    std::function<void(const Error&)> on_fatal;    // the process must stop
  };
  static Result<std::unique_ptr<Server>> open(io::World world, ServerOptions options, Hooks hooks);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  node::Node& node();
  // Where the Kafka door listens; empty: it is not open.
  std::vector<io::Address> kafka_addresses() const;
  // "ready kafka=127.0.0.1:9092 http=127.0.0.1:8080".
  std::string ready_line() const;

 private:
  struct Modules;
  explicit Server(std::unique_ptr<Modules> modules);
  std::unique_ptr<Modules> modules_;
};

}  // namespace millrace::server
