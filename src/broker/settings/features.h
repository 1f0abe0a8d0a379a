#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "broker/settings/settings_table.h"
#include "commit/proposals.h"

namespace millrace::broker {

// What clients do in one way or another, as the broker says.
struct Feature {
  std::string_view name;
  int16_t level_min = 0;
  int16_t level_max = 0;
  int16_t level_default = 0;
};

// All that there are.
std::span<const Feature> all_features();

// Features: the levels that hold.
//
// Threading:  immutable; what it reads is synchronised inside.
// Ownership:  what it is made with outlives it.
class Features {
 public:
  Features(const SettingsTable& table, const commit::Proposals& proposals)
      : table_(&table), proposals_(&proposals) {}

  int16_t level(const Feature& feature) const;
  // Rises with each change, over restarts, too: by that clients know which answer is newer.
  int64_t epoch() const;

  // REQUIRES: the levels fit.
  static commit::Command change_command(const std::map<std::string, int16_t>& levels);

 private:
  const SettingsTable* table_;
  const commit::Proposals* proposals_;
};

}  // namespace millrace::broker
