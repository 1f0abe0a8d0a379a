#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "broker/groups/group_coordinator.h"
#include "broker/kafka_door.h"
#include "broker/machines.h"
#include "commit/commit_log.h"
#include "io/disk_space.h"
#include "io/world.h"

namespace millrace::broker {

// What those who watch the broker see of its coordinators. A plain value.
struct BrokerStatus {
  std::vector<GroupStatus> groups;
  size_t open_transactions = 0;
  int64_t oldest_transaction_ms = 0;  // for how long the oldest of them is open
};

struct BrokerOptions {
  std::vector<DoorOptions> doors = {DoorOptions()};
  uint32_t loops = 0;  // that serve connections; 0: as many as the machine has cores
  int32_t node_id = 1;
  SettingValues settings;  // under Kafka's names; they were checked
};

// Broker: the Kafka server: its doors, handlers and coordinators, built in order, torn down in the
// reverse one.
//
// Threading:  open, close and the destructor block, and run on no executor.
// Ownership:  world, log and machine outlive it.
// Failure:    open: what Network::listen says of a door.
class Broker {
 public:
  struct Parts {
    io::World world;
    commit::CommitLog& log;
    // Registered with the log.
    const Machines& machines;
    // Charged for what connections have received; may be null. Outlives the log.
    MemoryAccount* received = nullptr;
    // Of the folder that `log.dirs` names; may be empty.
    io::DiskSpaceOf disk_space;
    // Connections that ended because of what their client sent, stored groups that could not be
    // read; may be empty. On any thread.
    std::function<void(const Error&)> on_problem;
  };
  static Result<std::unique_ptr<Broker>> open(Parts parts, BrokerOptions options);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // Of each door, in the order of the options.
  std::vector<io::Address> addresses() const;
  size_t connections() const;
  // What connections hold together of requests and answers, and how many of them wait for room.
  size_t traffic_bytes() const;
  size_t waiting_connections() const;
  const ClientQuotas& quotas() const;
  // By the rates of their addresses.
  uint64_t connections_refused() const;
  const ApiCounters& apis() const;
  size_t fetch_sessions() const;
  // `done` runs on `executor`; dropped where the broker ends meanwhile.
  void status(io::Executor& executor, io::Completion<BrokerStatus> done) const;

 private:
  struct Modules;
  explicit Broker(std::unique_ptr<Modules> modules);
  std::unique_ptr<Modules> modules_;
};

}  // namespace millrace::broker
