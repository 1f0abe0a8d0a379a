#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace millrace::broker {

template <class Part, class Found>
void for_each_error(const Part& part, const Found& found);

template <class Part, class Found>
void for_each_error(const std::vector<Part>& parts, const Found& found) {
  for (const Part& part : parts) for_each_error(part, found);
}

template <class Part, class Found>
void for_each_error(const std::optional<Part>& part, const Found& found) {
  if (part) for_each_error(*part, found);
}

// Calls `found` with each error code of a response but kNone: its own, and those of what it answers
// one by one. The names are those that the tables of the messages give to such parts.
template <class Part, class Found>
void for_each_error(const Part& part, const Found& found) {
  if constexpr (requires { part.error_code; }) {
    if (part.error_code != 0) found(part.error_code);
  }
  if constexpr (requires { part.topics; }) for_each_error(part.topics, found);
  if constexpr (requires { part.partitions; }) for_each_error(part.partitions, found);
  if constexpr (requires { part.groups; }) for_each_error(part.groups, found);
  if constexpr (requires { part.members; }) for_each_error(part.members, found);
  if constexpr (requires { part.resources; }) for_each_error(part.resources, found);
  if constexpr (requires { part.results; }) for_each_error(part.results, found);
  if constexpr (requires { part.entries; }) for_each_error(part.entries, found);
  if constexpr (requires { part.dirs; }) for_each_error(part.dirs, found);
  if constexpr (requires { part.coordinators; }) for_each_error(part.coordinators, found);
  if constexpr (requires { part.transactions; }) for_each_error(part.transactions, found);
  if constexpr (requires { part.transaction_states; }) {
    for_each_error(part.transaction_states, found);
  }
  if constexpr (requires { part.markers; }) for_each_error(part.markers, found);
}

}  // namespace millrace::broker
