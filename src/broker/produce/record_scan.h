#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::broker {

struct ScanRules {
  int32_t records = 0;  // that there must be
  int64_t base_timestamp_ms = 0;
  // Of the records' own timestamps; -1, which is none, is always taken.
  int64_t oldest_ms = std::numeric_limits<int64_t>::min();
  int64_t newest_ms = std::numeric_limits<int64_t>::max();
  bool keys_needed = false;
};

// RecordScan: the records of one batch, looked at as their bytes come, wherever these are cut: each
// is whole, has the next offset, and a key and a timestamp as the rules want them. Keys, values and
// headers are passed over, so it holds none of them.
//
// Threading:  confined to one task.
// Order:      take* in the order of the bytes, then finish.
// Failure:    kCorruptRecord: the records are not what the batch says.
class RecordScan {
 public:
  // No more are named, so that an answer stays small.
  static constexpr size_t kNamedMax = 1'000;

  explicit RecordScan(const ScanRules& rules) : rules_(rules) {}

  Result<void> take(std::span<const std::byte> piece);
  Result<void> finish() const;

  int64_t max_timestamp_ms() const { return max_timestamp_ms_; }  // -1: none has one
  // By number in the batch, the first kNamedMax of them.
  const std::vector<int32_t>& without_key() const { return without_key_; }
  const std::vector<int32_t>& untimely() const { return untimely_; }

 private:
  enum class Field : uint8_t {
    kLength,
    kAttributes,
    kTimestamp,
    kOffset,
    kKey,
    kValue,
    kHeaders,
    kHeaderKey,
    kHeaderValue,
  };
  Error corrupt(std::string_view what) const;
  Result<void> accept(int64_t number);
  Result<void> begin_record(int64_t bytes);
  // A length with what it is of; `null` is whether it may be -1.
  Result<void> pass_over(int64_t bytes, bool null);
  void see_timestamp(int64_t delta);
  Result<void> end_header();

  const ScanRules rules_;
  Field field_ = Field::kLength;
  uint64_t number_ = 0;  // that is being read, and how much of it was
  unsigned shift_ = 0;
  size_t left_ = 0;  // of the record
  size_t skip_ = 0;  // of that: to pass over
  int32_t index_ = 0;
  int32_t headers_ = 0;
  int64_t max_timestamp_ms_ = -1;
  std::vector<int32_t> without_key_;
  std::vector<int32_t> untimely_;
};

}  // namespace millrace::broker
