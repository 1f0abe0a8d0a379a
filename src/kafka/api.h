#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::kafka {

// Both ends included.
struct VersionRange {
  int16_t first = 0;
  int16_t last = 0;
  constexpr bool contains(int16_t version) const { return first <= version && version <= last; }
};

// One API of the protocol, as its table in messages/ says.
struct Api {
  int16_t key;
  std::string_view name;   // "Fetch"
  std::string_view about;  // a sentence
  VersionRange served;
  // What ApiVersions says: may reach below `served`, because clients take its floor for a sign of
  // other features.
  VersionRange advertised;
  int16_t versions_max;   // the newest that the table describes
  int16_t flexible_from;  // the first with the flexible encoding; -1: none

  constexpr bool flexible(int16_t version) const {
    return flexible_from >= 0 && version >= flexible_from;
  }
};

// All that have a table, in order of keys.
std::span<const Api> apis();
// nullptr: there is none.
const Api* find_api(int16_t key);

}  // namespace millrace::kafka
