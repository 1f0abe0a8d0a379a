#include "kafka/wire/reader.h"

#include <fmt/core.h>

#include <bit>

#include "base/endian.h"

namespace millrace::kafka {

void Reader::fail(std::string_view wrong) {
  if (!good()) return;
  wrong_ = wrong;
  wrong_at_ = at_;
  at_ = end_;
}

bool Reader::has(size_t bytes) {
  if (!good()) return false;
  if (end_ - at_ >= bytes) return true;
  fail("it ends too early");
  return false;
}

template <std::integral T>
T Reader::number() {
  if (!has(sizeof(T))) return 0;
  const T value = load_be<T>(from_.data() + at_);
  at_ += sizeof(T);
  return value;
}
template int8_t Reader::number<int8_t>();
template int16_t Reader::number<int16_t>();
template uint16_t Reader::number<uint16_t>();
template int32_t Reader::number<int32_t>();
template int64_t Reader::number<int64_t>();

double Reader::float64() {
  return std::bit_cast<double>(number<int64_t>());
}

Uuid Reader::uuid() {
  Uuid value;
  if (!has(value.raw.size())) return value;
  std::copy_n(from_.data() + at_, value.raw.size(), value.raw.begin());
  at_ += value.raw.size();
  return value;
}

uint32_t Reader::uvarint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (!has(1)) return 0;
    const auto byte = static_cast<uint64_t>(from_.data()[at_++]);
    value |= (byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      if (value > UINT32_MAX) break;
      return static_cast<uint32_t>(value);
    }
  }
  fail("a varint of more than 32 bits");
  return 0;
}

int64_t Reader::string_length() {
  if (flexible_) return int64_t{uvarint()} - 1;
  return number<int16_t>();
}

int64_t Reader::length() {
  if (flexible_) return int64_t{uvarint()} - 1;
  return number<int32_t>();
}

int64_t Reader::count() {
  const int64_t elements = length();
  if (!good()) return 0;
  if (elements < -1) return fail("a negative length"), 0;
  if (elements <= 0) return elements;
  // An element takes a byte at the least.
  if (static_cast<uint64_t>(elements) > end_ - at_) return fail("an array longer than it"), 0;
  if (elements > kElementsMax - elements_) return fail("too many array elements"), 0;
  elements_ += static_cast<uint32_t>(elements);
  return elements;
}

std::optional<std::string> Reader::nullable_string() {
  const int64_t bytes = string_length();
  if (bytes == -1 && good()) return std::nullopt;
  if (bytes < -1) fail("a negative length");
  if (bytes < 0 || !has(static_cast<size_t>(bytes))) return std::string();
  const auto text = from_.view().substr(at_, static_cast<size_t>(bytes));
  at_ += text.size();
  return std::string(text);
}

std::string Reader::string() {
  auto text = nullable_string();
  if (!text) fail("a string that must not be null");
  return text ? *std::move(text) : std::string();
}

std::optional<Buffer> Reader::nullable_bytes() {
  const int64_t bytes = length();
  if (bytes == -1 && good()) return std::nullopt;
  if (bytes < -1) fail("a negative length");
  if (bytes < 0 || !has(static_cast<size_t>(bytes))) return Buffer();
  Buffer slice = from_.slice(at_, static_cast<size_t>(bytes));
  at_ += slice.bytes();
  return slice;
}

Buffer Reader::bytes() {
  auto slice = nullable_bytes();
  if (!slice) fail("bytes that must not be null");
  return slice ? *std::move(slice) : Buffer();
}

std::optional<std::vector<Buffer>> Reader::nullable_records() {
  auto slice = nullable_bytes();
  if (!slice) return std::nullopt;
  std::vector<Buffer> pieces;
  if (!slice->empty()) pieces.push_back(*std::move(slice));
  return pieces;
}

std::vector<Buffer> Reader::records() {
  auto pieces = nullable_records();
  if (!pieces) fail("records that must not be null");
  return pieces ? *std::move(pieces) : std::vector<Buffer>();
}

bool Reader::begin_tag(int64_t& last_tag, uint32_t& tag, size_t& field_end) {
  tag = uvarint();
  const uint32_t bytes = uvarint();
  if (!good()) return false;
  if (int64_t{tag} <= last_tag) return fail("tags that do not ascend"), false;
  if (!has(bytes)) return false;
  last_tag = tag;
  field_end = at_ + bytes;
  return true;
}

void Reader::end_tag(bool known, size_t field_end, size_t outer_end) {
  if (good() && known && at_ != field_end) fail("a tagged field of another size than it says");
  end_ = outer_end;
  at_ = good() ? field_end : outer_end;
}

Result<void> Reader::finish(std::string_view what) const {
  // librdkafka 2.0 sends a byte too many behind ListGroups, and three behind an OffsetFetch for all
  // partitions.
  if (good()) return {};
  return Error(ErrorCode::kMalformedRequest, fmt::format("{} is malformed: {}", what, wrong_))
      .at(fmt::format("byte {}", wrong_at_));
}

}  // namespace millrace::kafka
