#pragma once

#include <string>
#include <utility>

#include "commit/state_machine.h"

namespace millrace::log {

// OpaqueMachine: stands for a table that only a whole node knows, so that a log can be replayed
// without one. Takes every command and keeps none.
class OpaqueMachine final : public commit::StateMachine {
 public:
  explicit OpaqueMachine(std::string tag) : tag_(std::move(tag)) {}
  std::string_view tag() const override { return tag_; }
  Result<void> check(std::span<const commit::Command>) const override { return {}; }
  void apply(commit::Lsn, std::string_view) override {}
  std::string snapshot() const override { return {}; }
  Result<void> restore(std::string_view) override { return {}; }

 private:
  const std::string tag_;
};

}  // namespace millrace::log
