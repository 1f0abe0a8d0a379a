#pragma once

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
};

}  // namespace millrace::broker
