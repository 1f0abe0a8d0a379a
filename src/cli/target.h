#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/kafka_client/kafka_handle.h"
#include "io/world.h"
#include "server/server.h"

namespace millrace::cli {

// Whose topics a command is about.
struct TargetOptions {
  std::string brokers;                // HOST:PORT,…; empty, and no data: as MILLRACE_BROKERS says
  std::string data;                   // a directory that no server uses
  std::vector<std::string> settings;  // -X: of the client, name=value
  std::string client_config;          // a file of them
  int64_t timeout_s = 5;
};

// Where MILLRACE_BROKERS says nothing.
inline constexpr std::string_view kDefaultBrokers = "127.0.0.1:9092";

// Target: servers of Kafka's protocol; a data directory gets one of its own in this process, on a
// free port of the loopback, for as long as this object lives. So both behave the same.
//
// Threading:  as Server.
// Ownership:  the world outlives it; it outlives its clients.
// Failure:    open: kInvalidOption; kFileNotFound: no such directory or file; kInUse: a server runs
//             on the directory.
class Target {
 public:
  static Result<Target> open(io::World world, const TargetOptions& options);
  const ClientOptions& client() const { return client_; }

 private:
  ClientOptions client_;
  std::unique_ptr<server::Server> server_;
};

}  // namespace millrace::cli
