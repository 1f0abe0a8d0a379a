#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/network/address.h"

namespace millrace::server {

struct ServerOptions {
  std::string data_folder;
  bool durable = true;
  std::vector<io::Address> kafka = {{"127.0.0.1", 9092}};  // each a listener; empty: off
  bool kafka_chosen = false;                               // the default does not hold any more
  std::optional<io::Address> http = io::Address{"127.0.0.1", 8080};
  // What Kafka clients of each listener are told, in their order; where there is none: where they
  // came by. Port 0: the one taken.
  std::vector<io::Address> advertised;
  bool insecure = false;                               // may listen beyond loopback
  std::map<std::string, std::string> broker_settings;  // under Kafka's names
};

// "DOOR=HOST:PORT" or "DOOR=off", with DOOR kafka or http; kafka several times: several listeners.
// kInvalidOption.
Result<void> read_listen(std::string_view text, ServerOptions& options);

// kInvalidOption: a door would be open to others, and `insecure` does not say that this is meant.
Result<void> check_exposure(const ServerOptions& options);

}  // namespace millrace::server
