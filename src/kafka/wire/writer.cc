#include "kafka/wire/writer.h"

#include <bit>

#include "base/endian.h"
#include "base/varint.h"

namespace millrace::kafka {
namespace {

constexpr size_t kCopiedMax = 2048;  // bytes; what is larger goes by reference
constexpr size_t kClassicStringMax = INT16_MAX;

}  // namespace

template <std::integral T>
void Writer::number(T value) {
  char raw[sizeof(T)];
  store_be<T>(raw, value);
  text_.append(raw, sizeof(T));
}
template void Writer::number<int8_t>(int8_t);
template void Writer::number<int16_t>(int16_t);
template void Writer::number<uint16_t>(uint16_t);
template void Writer::number<int32_t>(int32_t);
template void Writer::number<int64_t>(int64_t);

void Writer::float64(double value) {
  number(std::bit_cast<int64_t>(value));
}

void Writer::uuid(const Uuid& value) {
  text_.append(reinterpret_cast<const char*>(value.raw.data()), value.raw.size());
}

void Writer::uvarint(uint32_t value) {
  append_varint(text_, value);
}

void Writer::string_length(int64_t bytes) {
  if (flexible_) {
    uvarint(static_cast<uint32_t>(bytes + 1));
  } else {
    number(static_cast<int16_t>(bytes));
  }
}

void Writer::length(int64_t value) {
  if (flexible_) {
    uvarint(static_cast<uint32_t>(value + 1));
  } else {
    number(static_cast<int32_t>(value));
  }
}

void Writer::string(std::string_view value) {
  if (!flexible_) value = value.substr(0, kClassicStringMax);
  string_length(static_cast<int64_t>(value.size()));
  text_ += value;
}

void Writer::nullable_string(const std::optional<std::string>& value) {
  if (value) return string(*value);
  string_length(-1);
}

void Writer::bytes(const Buffer& value) {
  length(static_cast<int64_t>(value.bytes()));
  piece(value);
}

void Writer::nullable_bytes(const std::optional<Buffer>& value) {
  if (value) return bytes(*value);
  length(-1);
}

void Writer::records(std::span<const Buffer> pieces) {
  size_t total = 0;
  for (const Buffer& bytes : pieces) total += bytes.bytes();
  length(static_cast<int64_t>(total));
  for (const Buffer& bytes : pieces) piece(bytes);
}

void Writer::nullable_records(const std::optional<std::vector<Buffer>>& pieces) {
  if (pieces) return records(*pieces);
  length(-1);
}

void Writer::piece(const Buffer& bytes) {
  if (bytes.bytes() <= kCopiedMax) {
    text_ += bytes.view();
    return;
  }
  flush();
  parts_.push_back(bytes);
  flushed_bytes_ += bytes.bytes();
}

void Writer::flush() {
  if (text_.empty()) return;
  flushed_bytes_ += text_.size();
  parts_.push_back(Buffer::copy_of(text_));
  text_.clear();
}

void Writer::append_tagged(uint32_t tag, Writer& field) {
  uvarint(tag);
  uvarint(static_cast<uint32_t>(field.size()));
  for (const Buffer& part : field.finish(false)) piece(part);
}

std::vector<Buffer> Writer::finish(bool framed) {
  if (framed) {
    char raw[sizeof(int32_t)];
    store_be<int32_t>(raw, static_cast<int32_t>(size()));
    if (parts_.empty()) {
      text_.insert(0, raw, sizeof(raw));
    } else {
      // The first part is text of ours or a buffer by reference: the length goes in a part before.
      parts_.insert(parts_.begin(), Buffer::copy_of(std::string_view(raw, sizeof(raw))));
    }
  }
  flush();
  flushed_bytes_ = 0;
  return std::exchange(parts_, {});
}

}  // namespace millrace::kafka
