#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/operator.h"
#include "operators/aggregate/aggregate_set.h"
#include "operators/aggregate/touched_groups.h"
#include "state/keyed_table.h"

namespace millrace::operators {

// DeferredGroups: touched groups that stay unemitted over a barrier: what they were before is kept
// durably, so that after a restart their change is still taken from what was emitted.
//
// Threading:  confined to one task.
// Ownership:  `set`, `groups` and `touched` outlive it.
// Order:      open; then keep at a barrier that leaves touched groups, forget before any of them
//             goes.
class DeferredGroups {
 public:
  DeferredGroups(const AggregateSet& set, state::KeyedTable& groups, TouchedGroups& touched)
      : set_(set), groups_(groups), touched_(touched) {}

  // Over the operator's table `table`; touches again what was deferred when it stopped.
  Result<void> open(engine::OpenContext& context, uint64_t table);
  void keep();
  // The image of a touched group is another one now.
  void renew(size_t number);
  void forget();

 private:
  void keep_one(size_t number);
  std::string encode(const GroupImage& image) const;
  void touch_again(state::Slot kept);

  const AggregateSet& set_;
  state::KeyedTable& groups_;
  TouchedGroups& touched_;
  state::KeyedTable* images_ = nullptr;  // owned by the store; by the group's key
  size_t kept_ = 0;                      // of the touched groups, the first ones
  std::vector<size_t> renewed_;          // of them
};

}  // namespace millrace::operators
