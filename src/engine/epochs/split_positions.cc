#include "engine/epochs/split_positions.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

#include "base/varint.h"
#include "engine/job.h"

namespace millrace::engine {
namespace {

constexpr char kEnded = 1;
constexpr std::string_view kCompleteSplit = "complete";
constexpr std::string_view kLayoutSplit = "layout";

Error corrupt() {
  return Error(ErrorCode::kCorruptState, "a committed position cannot be read");
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

Error input_changed(const Split& split, std::string_view how) {
  return Error(ErrorCode::kInputChanged, fmt::format("an input that was already read {}", how))
      .at(split.name)
      .remedy("Bring the old content back, or give the job another name to read everything anew.");
}

}  // namespace

std::string StoredPosition::encode() const {
  std::string bytes(1, ended ? kEnded : '\0');
  append_varint(bytes, identity.size());
  bytes += identity;
  bytes += position;
  return bytes;
}

Result<StoredPosition> StoredPosition::decode(std::string_view bytes) {
  if (bytes.empty()) return corrupt();
  StoredPosition stored;
  stored.ended = (bytes.front() & kEnded) != 0;
  auto rest = bytes_of(bytes.substr(1));
  const auto length = take_varint(rest);
  if (!length || *length > rest.size()) return corrupt();
  const std::string_view tail(reinterpret_cast<const char*>(rest.data()), rest.size());
  stored.identity = tail.substr(0, *length);
  stored.position = tail.substr(*length);
  return stored;
}

const commit::SplitPosition* find_position(const commit::Positions& positions,
                                           std::string_view source, std::string_view split) {
  const auto name = [](const commit::SplitPosition& position) {
    return std::pair<std::string_view, std::string_view>(position.source, position.split);
  };
  const std::pair wanted(source, split);
  const auto found = std::ranges::lower_bound(positions.splits, wanted, {}, name);
  return found == positions.splits.end() || name(*found) != wanted ? nullptr : &*found;
}

std::vector<std::string> begun_splits(std::string_view source_id,
                                      const commit::Positions& recovered) {
  std::vector<std::string> names;
  for (const commit::SplitPosition& position : recovered.splits) {
    if (position.source == source_id) names.push_back(position.split);
  }
  return names;
}

Result<std::vector<SplitStart>> resume_splits(std::string_view source_id, std::vector<Split> splits,
                                              const commit::Positions& recovered) {
  std::vector<SplitStart> starts;
  std::unordered_set<std::string_view> listed;
  for (Split& split : splits) {
    SplitStart start;
    start.split = std::move(split);
    start.ordinal = static_cast<uint32_t>(starts.size());
    if (const auto* position = find_position(recovered, source_id, start.split.name)) {
      StoredPosition stored = MILLRACE_TRY(StoredPosition::decode(position->position));
      if (stored.identity != start.split.identity) return input_changed(start.split, "has changed");
      start.position = std::move(stored.position);
      start.ended = stored.ended;
      start.watermark = position->watermark_us;
      start.idle = position->idle;
    }
    starts.push_back(std::move(start));
  }
  for (const SplitStart& start : starts) listed.insert(start.split.name);
  for (const commit::SplitPosition& position : recovered.splits) {
    if (position.source != source_id || listed.contains(position.split)) continue;
    if (MILLRACE_TRY(StoredPosition::decode(position.position)).ended) continue;
    return input_changed(Split{position.split, {}, {}}, "in part is gone");
  }
  return starts;
}

commit::SplitPosition complete_mark() {
  commit::SplitPosition mark;
  mark.source = kJobSource;
  mark.split = kCompleteSplit;
  return mark;
}

commit::SplitPosition layout_mark(std::string layout) {
  commit::SplitPosition mark;
  mark.source = kJobSource;
  mark.split = kLayoutSplit;
  mark.position = std::move(layout);
  return mark;
}

std::string_view layout_of(const commit::Positions& recovered) {
  const auto* mark = find_position(recovered, kJobSource, kLayoutSplit);
  return mark == nullptr ? std::string_view() : std::string_view(mark->position);
}

commit::SplitPosition floors_position(std::string name, const std::vector<Timestamp>& floors) {
  commit::SplitPosition position;
  position.source = kTaskSource;
  position.split = std::move(name);
  append_varint(position.position, floors.size());
  for (const Timestamp floor : floors) append_varint(position.position, zigzag(floor));
  return position;
}

Result<std::vector<Timestamp>> decode_floors(std::string_view bytes) {
  auto rest = bytes_of(bytes);
  const auto count = take_varint(rest);
  if (!count || *count > bytes.size()) return corrupt();
  std::vector<Timestamp> floors;
  for (uint64_t n = 0; n < *count; ++n) {
    const auto floor = take_varint(rest);
    if (!floor) return corrupt();
    floors.push_back(unzigzag(*floor));
  }
  return floors;
}

bool is_complete(const commit::RecoveredJob& job) {
  return find_position(job.positions, kJobSource, kCompleteSplit) != nullptr;
}

}  // namespace millrace::engine
