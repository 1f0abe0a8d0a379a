#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "commit/state_machine.h"

namespace millrace::broker {

// Whom a quota is for: names by type ("user", "client-id", "ip"); nullopt: those of the type that
// have none of their own.
using QuotaEntity = std::map<std::string, std::optional<std::string>>;
using QuotaValues = std::map<std::string, double>;
// nullopt: it goes.
using QuotaChanges = std::map<std::string, std::optional<double>>;

// kInvalidArgument: not whom a quota can be for.
Result<void> check_quota_entity(const QuotaEntity& entity);
// kInvalidArgument: the key is none for the entity, or the value does not fit it.
// REQUIRES: the entity was checked.
Result<void> check_quota(const QuotaEntity& entity, std::string_view key,
                         std::optional<double> value);

// QuotaTable: how much clients may do: the machine `broker.quotas`.
//
// Threading:  as StateMachine; all from anywhere.
class QuotaTable final : public commit::StateMachine {
 public:
  static constexpr std::string_view kTag = "broker.quotas";

  // The quota that holds for a client, and whose it is: all clients of the user, or all users of
  // the client-id, share one unless it is of both. The nearest one holds, as in Kafka: by user and
  // client-id, user, then client-id, each by name before the default.
  struct Bound {
    double value = 0;
    bool of_user = false;
    bool of_client = false;
  };
  std::optional<Bound> find(const std::string& key, const std::string& user,
                            const std::string& client_id) const;
  // Connections per second of an address; nullopt: any number.
  std::optional<double> find_connection_rate(const std::string& address) const;
  bool empty() const { return empty_.load(std::memory_order_relaxed); }

  // None of the values empty.
  std::map<QuotaEntity, QuotaValues> all() const;

  // REQUIRES: entity and changes were checked.
  static commit::Command change_command(const QuotaEntity& entity, const QuotaChanges& changes);

  std::string_view tag() const override { return kTag; }
  Result<void> check(std::span<const commit::Command> commands) const override;
  void apply(commit::Lsn lsn, std::string_view command) override;
  std::string snapshot() const override;
  Result<void> restore(std::string_view snapshot) override;

 private:
  mutable std::mutex mutex_;
  std::map<QuotaEntity, QuotaValues> quotas_;
  std::atomic<bool> empty_ = true;
};

}  // namespace millrace::broker
