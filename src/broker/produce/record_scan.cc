#include "broker/produce/record_scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/varint.h"

namespace millrace::broker {
namespace {

constexpr unsigned kVarintBits = 7;
constexpr unsigned kLastShift = 63;

void name_one(std::vector<int32_t>& records, int32_t index) {
  if (records.size() < RecordScan::kNamedMax) records.push_back(index);
}

}  // namespace

Error RecordScan::corrupt(std::string_view what) const {
  return Error(ErrorCode::kCorruptRecord,
               fmt::format("record {} of {} in the batch {}", index_ + 1, rules_.records, what));
}

Result<void> RecordScan::take(std::span<const std::byte> piece) {
  const std::byte* at = piece.data();
  const std::byte* const end = at + piece.size();
  while (at != end) {
    if (skip_ > 0) {
      const size_t passed = std::min(skip_, static_cast<size_t>(end - at));
      at += passed;
      skip_ -= passed;
      continue;
    }
    const auto byte = std::to_integer<uint8_t>(*at++);
    if (field_ != Field::kLength && left_-- == 0) return corrupt("has more than its length");
    if (field_ == Field::kAttributes) {  // none of them is in use
      field_ = Field::kTimestamp;
      continue;
    }
    if (shift_ == kLastShift && byte > 1) return corrupt("has a number of more than 64 bits");
    number_ |= static_cast<uint64_t>(byte & 0x7FU) << shift_;
    if ((byte & 0x80U) != 0) {
      shift_ += kVarintBits;
      continue;
    }
    shift_ = 0;
    MILLRACE_TRY(accept(unzigzag(std::exchange(number_, 0))));
  }
  return {};
}

Result<void> RecordScan::accept(int64_t number) {
  if (field_ == Field::kTimestamp) {
    see_timestamp(number);
    field_ = Field::kOffset;
    return {};
  }
  if (number != static_cast<int32_t>(number)) return corrupt("has a number of more than 32 bits");
  switch (field_) {
    case Field::kLength:
      return begin_record(number);
    case Field::kOffset:
      if (number != index_) return corrupt("has not the next offset");
      field_ = Field::kKey;
      return {};
    case Field::kKey:
      if (number < 0 && rules_.keys_needed) name_one(without_key_, index_);
      field_ = Field::kValue;
      return pass_over(number, true);
    case Field::kValue:
      field_ = Field::kHeaders;
      return pass_over(number, true);
    case Field::kHeaders:
      if (number < 0) return corrupt("has less than no headers");
      headers_ = static_cast<int32_t>(number);
      return end_header();
    case Field::kHeaderKey:
      field_ = Field::kHeaderValue;
      return pass_over(number, false);
    case Field::kHeaderValue:
      --headers_;
      MILLRACE_TRY(pass_over(number, true));
      return end_header();
    case Field::kAttributes:
    case Field::kTimestamp:
      break;  // no numbers of this kind
  }
  return {};
}

Result<void> RecordScan::begin_record(int64_t bytes) {
  if (index_ == rules_.records) return corrupt("comes after the last by count");
  if (bytes < 0) return corrupt("has a length below zero");
  left_ = static_cast<size_t>(bytes);
  field_ = Field::kAttributes;
  return {};
}

Result<void> RecordScan::pass_over(int64_t bytes, bool null) {
  if (bytes < 0) {
    if (null && bytes == -1) return {};
    return corrupt("has a field of less than no bytes");
  }
  skip_ = static_cast<size_t>(bytes);
  if (skip_ > left_) return corrupt("has fields that do not fit into its length");
  left_ -= skip_;
  return {};
}

void RecordScan::see_timestamp(int64_t delta) {
  const auto time = static_cast<int64_t>(static_cast<uint64_t>(rules_.base_timestamp_ms) +
                                         static_cast<uint64_t>(delta));
  max_timestamp_ms_ = std::max(max_timestamp_ms_, time);
  if (time == -1 || (rules_.oldest_ms <= time && time <= rules_.newest_ms)) return;
  name_one(untimely_, index_);
}

Result<void> RecordScan::end_header() {
  if (headers_ > 0) {
    field_ = Field::kHeaderKey;
    return {};
  }
  if (left_ > 0) return corrupt("has fields that do not fill its length");
  field_ = Field::kLength;
  ++index_;
  return {};
}

Result<void> RecordScan::finish() const {
  if (field_ != Field::kLength || shift_ > 0 || skip_ > 0) return corrupt("is cut short");
  if (index_ != rules_.records) return corrupt("is not there");
  return {};
}

}  // namespace millrace::broker
