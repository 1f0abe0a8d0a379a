#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "commit/state_machine.h"
#include "kafka/wire/uuid.h"

namespace millrace::broker {

// IdentityMachine: what must never be given out twice: the cluster's id, made at the first start,
// and the ids of producers, reserved in blocks.
//
// Threading:  synchronised inside; the values may be read from anywhere.
class IdentityMachine final : public commit::StateMachine {
 public:
  // Empty: it has none yet; propose one.
  kafka::Uuid cluster() const;
  // All ids below are, or may be, given out.
  int64_t producer_ids_end() const;

  // Has no effect if there is one already.
  static commit::Command set_cluster(const kafka::Uuid& id);
  // From `first`, which must be the current end, on.
  static commit::Command reserve_producer_ids(int64_t first, int64_t count);

  std::string_view tag() const override { return "broker.identity"; }
  Result<void> check(std::span<const commit::Command> commands) const override;
  void apply(commit::Lsn lsn, std::string_view command) override;
  std::string snapshot() const override;
  Result<void> restore(std::string_view snapshot) override;

 private:
  mutable std::mutex mutex_;
  kafka::Uuid cluster_;
  int64_t producer_ids_end_ = 0;
};

}  // namespace millrace::broker
