#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/strong_id.h"

namespace millrace::commit {

// Place in the one order of everything durable; strictly rising, 0: before the first.
using Lsn = StrongId<struct LsnTag, uint64_t>;

// A topic, for ever: a name deleted and made again gets another id.
using TopicId = StrongId<struct TopicIdTag, uint64_t>;

// A job, for ever; given to its name when it is first opened. 0: none.
using JobId = StrongId<struct JobIdTag, uint64_t>;

// Raised by each open_job; only the newest may commit. 0: never opened.
using Incarnation = StrongId<struct IncarnationTag, uint64_t>;

// One consistent cut of a job; the first is 1, 0: nothing committed yet.
using Epoch = StrongId<struct EpochTag, uint64_t>;

// A writer that takes part in a job; 0 where there is one (the embedded log).
using Participant = StrongId<struct ParticipantTag, uint32_t>;

// Processing time recorded by a commit, microseconds since 1970.
using Tick = StrongId<struct TickTag, int64_t>;

// One shard of one pipeline in one layout: a task with other key groups has another id, because a
// snapshot of a task replaces all older deltas of that id.
using TaskId = StrongId<struct TaskIdTag, uint64_t>;

// One table of an operator's state; stable over restarts, unique in the job.
using StateId = StrongId<struct StateIdTag, uint64_t>;

using SnapshotId = StrongId<struct SnapshotIdTag, uint64_t>;

// The top 12 bits of a key's hash: the unit in which state moves between shards.
using KeyGroup = StrongId<struct KeyGroupTag, uint16_t>;
inline constexpr uint32_t kKeyGroups = 4096;

// Both ends included; default: all of them.
struct KeyGroupRange {
  KeyGroup first{0};
  KeyGroup last{kKeyGroups - 1};
  constexpr bool contains(KeyGroup group) const { return first <= group && group <= last; }
  friend constexpr auto operator<=>(KeyGroupRange, KeyGroupRange) = default;
};

struct PartitionId {
  TopicId topic;
  uint32_t index = 0;
  friend constexpr auto operator<=>(PartitionId, PartitionId) = default;
};

}  // namespace millrace::commit

template <>
struct std::hash<millrace::commit::PartitionId> {
  std::size_t operator()(millrace::commit::PartitionId id) const noexcept {
    return (id.topic.value() * 0x9E3779B97F4A7C15U) ^ (uint64_t{id.index} * 0xC2B2AE3D27D4EB4FU);
  }
};
