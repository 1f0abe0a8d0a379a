#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "broker/connections/connection.h"
#include "broker/dispatcher.h"
#include "broker/quotas/connection_rates.h"
#include "io/world.h"

namespace millrace::broker {

struct DoorOptions {
  io::Address listen{"127.0.0.1", 9092};
  // How clients reach it, where that is another address than the one it listens at: behind a
  // container's port, or at every interface. The port 0 stands for the one that was taken.
  std::optional<io::Address> advertised;
  ConnectionLimits limits;
  size_t connections_max = 10'000;
  size_t connections_per_host_max = SIZE_MAX;
};

// KafkaDoor: a port that speaks the Kafka protocol.
//
// Threading:  open and the destructor block, and run on none of its loops.
// Ownership:  dispatcher, network and loops outlive it.
class KafkaDoor {
 public:
  struct Parts {
    const Dispatcher& dispatcher;
    io::Network& network;
    std::vector<io::Loop*> loops;
    // Charged for what connections have received; may be null. Outlives the log, which lets go of
    // batches after the last answer.
    MemoryAccount* account = nullptr;
    std::shared_ptr<Traffic> traffic;
    ConnectionRates* rates = nullptr;  // nullptr: any number of connections per second
    // Connections that ended because of what the client sent; may be empty. On any loop.
    std::function<void(const std::string& peer, const Error&)> on_problem;
  };
  static Result<std::unique_ptr<KafkaDoor>> open(Parts parts, DoorOptions options);
  // No new connections; ends those that there are.
  ~KafkaDoor();
  KafkaDoor(const KafkaDoor&) = delete;
  KafkaDoor& operator=(const KafkaDoor&) = delete;

  // Refuses new connections; those that there are end when their requests are answered.
  void finish();

  io::Address address() const { return listener_->local(); }
  size_t connections() const;

 private:
  class Guests;
  KafkaDoor(Parts parts, std::shared_ptr<Guests> guests, std::unique_ptr<io::Listener> listener);

  const Parts parts_;
  std::shared_ptr<Guests> guests_;
  std::unique_ptr<io::Listener> listener_;
};

}  // namespace millrace::broker
