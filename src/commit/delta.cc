#include "commit/delta.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/endian.h"
#include "base/varint.h"

namespace millrace::commit {
namespace {

// docs/formats/delta.md
constexpr uint32_t kMagic = 0x3144524D;  // "MRD1"
constexpr size_t kHeaderBytes = 24;
constexpr size_t kGroupBytes = 20;
constexpr size_t kRunBytes = 12;
constexpr size_t kCrcFrom = 8;

Error corrupt(std::string what) {
  return Error(ErrorCode::kCorruptState, "the state delta " + std::move(what));
}

}  // namespace

std::strong_ordering compare_keys(const DeltaEntry& left, const DeltaEntry& right) {
  if (const auto order = left.group <=> right.group; order != 0) return order;
  if (const auto order = left.state <=> right.state; order != 0) return order;
  return left.key.compare(right.key) <=> 0;
}

void DeltaBuilder::begin_entry(KeyGroup group, StateId state, std::string_view key) {
  const bool new_group = groups_.empty() || groups_.back().group != group;
  const bool new_run = new_group || run_state_ != state;
  if (new_group) {
    MILLRACE_ASSERT(groups_.empty() || groups_.back().group < group);
    groups_.push_back({group, 0, body_.size()});
  } else if (new_run) {
    MILLRACE_ASSERT(run_state_ < state);
  } else {
    MILLRACE_ASSERT(std::string_view(body_).substr(last_key_at_, last_key_bytes_) < key);
  }
  if (new_run) {
    run_state_ = state;
    char run[kRunBytes] = {};
    store_le(run, state.value());
    run_count_at_ = body_.size() + sizeof(uint64_t);
    body_.append(run, kRunBytes);
  }
  char* count = body_.data() + run_count_at_;
  store_le(count, load_le<uint32_t>(count) + 1);
  ++groups_.back().entries;
  ++entries_;
}

void DeltaBuilder::put(KeyGroup group, StateId state, std::string_view key,
                       std::string_view value) {
  begin_entry(group, state, key);
  append_varint(body_, uint64_t{key.size()} << 1);
  append_key(key);
  append_varint(body_, value.size());
  body_.append(value);
}

void DeltaBuilder::remove(KeyGroup group, StateId state, std::string_view key) {
  begin_entry(group, state, key);
  append_varint(body_, (uint64_t{key.size()} << 1) | 1);
  append_key(key);
}

void DeltaBuilder::append_key(std::string_view key) {
  last_key_at_ = body_.size();
  last_key_bytes_ = key.size();
  body_.append(key);
}

void DeltaBuilder::add(const DeltaEntry& entry) {
  if (entry.deleted) {
    remove(entry.group, entry.state, entry.key);
  } else {
    put(entry.group, entry.state, entry.key, entry.value);
  }
}

size_t DeltaBuilder::bytes() const {
  return kHeaderBytes + groups_.size() * kGroupBytes + body_.size();
}

Buffer DeltaBuilder::finish() {
  const size_t total = bytes();
  MILLRACE_ASSERT(total <= std::numeric_limits<uint32_t>::max());
  const size_t body_from = kHeaderBytes + groups_.size() * kGroupBytes;
  Buffer delta = Buffer::allocate(total);
  std::byte* to = delta.mutable_data();
  std::memcpy(to + body_from, body_.data(), body_.size());
  store_le<uint32_t>(to, kMagic);
  store_le<uint32_t>(to + 8, static_cast<uint32_t>(total));
  store_le<uint32_t>(to + 12, static_cast<uint32_t>(groups_.size()));
  store_le<uint32_t>(to + 16, entries_);
  store_le<uint32_t>(to + 20, 0);
  for (size_t i = 0; i < groups_.size(); ++i) {
    const size_t end = i + 1 < groups_.size() ? groups_[i + 1].offset : body_.size();
    const size_t length = end - groups_[i].offset;
    std::byte* row = to + kHeaderBytes + i * kGroupBytes;
    store_le<uint16_t>(row, groups_[i].group.value());
    store_le<uint16_t>(row + 2, 0);
    store_le<uint32_t>(row + 4, groups_[i].entries);
    store_le<uint32_t>(row + 8, static_cast<uint32_t>(body_from + groups_[i].offset));
    store_le<uint32_t>(row + 12, static_cast<uint32_t>(length));
    store_le<uint32_t>(row + 16, crc32c({to + body_from + groups_[i].offset, length}));
  }
  store_le<uint32_t>(to + 4, crc32c({to + kCrcFrom, body_from - kCrcFrom}));
  *this = DeltaBuilder();
  return delta;
}

Result<DeltaReader> DeltaReader::open(Buffer delta) {
  const std::byte* from = delta.data();
  if (delta.bytes() < kHeaderBytes) return corrupt("is cut short");
  if (load_le<uint32_t>(from) != kMagic) return corrupt("has another magic number");
  const uint64_t count = load_le<uint32_t>(from + 12);
  const uint64_t body_from = kHeaderBytes + count * kGroupBytes;
  if (load_le<uint32_t>(from + 8) != delta.bytes() || count > kKeyGroups ||
      body_from > delta.bytes()) {
    return corrupt("does not have the length it names");
  }
  if (load_le<uint32_t>(from + 4) != crc32c({from + kCrcFrom, body_from - kCrcFrom})) {
    return corrupt("does not match the checksum of its directory");
  }
  DeltaReader reader;
  reader.entries_ = load_le<uint32_t>(from + 16);
  reader.groups_.reserve(count);
  uint64_t expected = body_from;
  for (uint64_t i = 0; i < count; ++i) {
    const std::byte* row = from + kHeaderBytes + i * kGroupBytes;
    const Group group{KeyGroup(load_le<uint16_t>(row)), load_le<uint32_t>(row + 4),
                      load_le<uint32_t>(row + 8), load_le<uint32_t>(row + 12),
                      load_le<uint32_t>(row + 16)};
    const bool ordered =
        group.group.value() < kKeyGroups && (i == 0 || reader.groups_.back().group < group.group);
    if (!ordered || group.offset != expected) return corrupt("has a directory out of order");
    expected += group.bytes;
    reader.groups_.push_back(group);
  }
  if (expected != delta.bytes()) return corrupt("does not have the length it names");
  reader.delta_ = std::move(delta);
  return reader;
}

Result<DeltaReader::Cursor> DeltaReader::open_group(const Group& group) const {
  const auto body = delta_.span().subspan(group.offset, group.bytes);
  if (crc32c(body) != group.crc) {
    return corrupt(fmt::format("does not match the checksum of key group {}", group.group.value()));
  }
  Cursor cursor;
  cursor.group_ = group.group;
  cursor.rest_ = body;
  cursor.left_ = group.entries;
  return cursor;
}

Result<bool> DeltaReader::Cursor::next(DeltaEntry& entry) {
  if (left_ == 0) {
    if (!rest_.empty()) return corrupt("has bytes behind its last entry");
    return false;
  }
  if (left_in_run_ == 0) {
    if (rest_.size() < kRunBytes) return corrupt("is cut short");
    state_ = StateId(load_le<uint64_t>(rest_.data()));
    left_in_run_ = load_le<uint32_t>(rest_.data() + sizeof(uint64_t));
    rest_ = rest_.subspan(kRunBytes);
    if (left_in_run_ == 0 || left_in_run_ > left_) return corrupt("has a wrong count");
  }
  const auto key_word = take_varint(rest_);
  if (!key_word || (*key_word >> 1) > rest_.size()) return corrupt("is cut short");
  const size_t key_bytes = *key_word >> 1;
  entry.group = group_;
  entry.state = state_;
  entry.deleted = (*key_word & 1) != 0;
  entry.key = {reinterpret_cast<const char*>(rest_.data()), key_bytes};
  entry.value = {};
  rest_ = rest_.subspan(key_bytes);
  if (!entry.deleted) {
    const auto value_bytes = take_varint(rest_);
    if (!value_bytes || *value_bytes > rest_.size()) return corrupt("is cut short");
    entry.value = {reinterpret_cast<const char*>(rest_.data()), *value_bytes};
    rest_ = rest_.subspan(*value_bytes);
  }
  --left_in_run_;
  --left_;
  return true;
}

Result<void> DeltaReader::for_each(
    KeyGroupRange range, const std::function<Result<void>(const DeltaEntry&)>& visit) const {
  for (const Group& group : groups_) {
    if (!range.contains(group.group)) continue;
    Cursor cursor = MILLRACE_TRY(open_group(group));
    DeltaEntry entry;
    while (MILLRACE_TRY(cursor.next(entry))) MILLRACE_TRY(visit(entry));
  }
  return {};
}

namespace {

// One input of a merge: stands on its smallest entry that is not yet taken.
struct MergeInput {
  DeltaReader reader;
  size_t age = 0;  // higher: newer
  size_t next_group = 0;
  std::optional<DeltaReader::Cursor> cursor;
  DeltaEntry entry;

  Result<bool> advance() {
    while (true) {
      if (cursor && MILLRACE_TRY(cursor->next(entry))) return true;
      if (next_group == reader.groups().size()) return false;
      cursor = MILLRACE_TRY(reader.open_group(reader.groups()[next_group++]));
    }
  }
};

// Heap order: the smallest key on top, of equal keys the newest.
bool below(const MergeInput* left, const MergeInput* right) {
  const auto order = compare_keys(left->entry, right->entry);
  return order != 0 ? order > 0 : left->age < right->age;
}

}  // namespace

Result<std::vector<Buffer>> merge_deltas(std::span<const Buffer> oldest_first, size_t slice_bytes) {
  std::vector<MergeInput> inputs;
  inputs.reserve(oldest_first.size());
  std::vector<MergeInput*> heap;
  for (size_t age = 0; age < oldest_first.size(); ++age) {
    inputs.push_back({MILLRACE_TRY(DeltaReader::open(oldest_first[age])), age, 0, {}, {}});
    if (MILLRACE_TRY(inputs.back().advance())) heap.push_back(&inputs.back());
  }
  std::ranges::make_heap(heap, below);
  std::vector<Buffer> slices;
  DeltaBuilder builder;
  std::optional<DeltaEntry> last;
  while (!heap.empty()) {
    std::ranges::pop_heap(heap, below);
    MergeInput* input = heap.back();
    const bool newest = !last || compare_keys(*last, input->entry) != 0;
    if (newest) {
      if (builder.bytes() >= slice_bytes && !builder.empty()) slices.push_back(builder.finish());
      builder.add(input->entry);
      last = input->entry;
    }
    if (MILLRACE_TRY(input->advance())) {
      std::ranges::push_heap(heap, below);
    } else {
      heap.pop_back();
    }
  }
  if (!builder.empty()) slices.push_back(builder.finish());
  return slices;
}

}  // namespace millrace::commit
