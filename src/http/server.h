#pragma once

#include <memory>
#include <vector>

#include "http/request_parser.h"
#include "http/router.h"
#include "io/network/network.h"

namespace millrace::http {

struct ServerOptions {
  io::Address listen;
  RequestLimits limits;
  size_t connections_max = 1'000;
  int64_t idle_ns_max = 60 * io::kNsPerSecond;
};

// Server: a port that answers requests by its router, one after another on each connection.
//
// Threading:  open and the destructor block, and run on none of its loops. The router's handlers
//             run on the loops.
// Ownership:  router, network and loops outlive it.
class Server {
 public:
  static Result<std::unique_ptr<Server>> open(io::Network& network, std::vector<io::Loop*> loops,
                                              const Router& router, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  io::Address address() const { return listener_->local(); }

 private:
  class Guests;
  Server(std::shared_ptr<Guests> guests, std::unique_ptr<io::Listener> listener);

  std::shared_ptr<Guests> guests_;
  std::unique_ptr<io::Listener> listener_;
};

}  // namespace millrace::http
