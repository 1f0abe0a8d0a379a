#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/endian.h"
#include "base/result.h"

namespace millrace::commit {

// ByteWriter: numbers in little-endian order and byte strings with their length, one behind the
// other.
class ByteWriter {
 public:
  template <std::integral T>
  void number(T value) {
    char raw[sizeof(T)];
    store_le<T>(raw, value);
    text_.append(raw, sizeof(T));
  }
  void bytes(std::string_view value) {
    number(static_cast<uint32_t>(value.size()));
    text_.append(value);
  }
  std::string_view view() const { return text_; }
  std::string take() { return std::move(text_); }
  Buffer buffer() const { return Buffer::copy_of(text_); }

 private:
  std::string text_;
};

// ByteReader: the way back. After reading past the end every value is 0 or empty and `good` is
// false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view from) : rest_(from) {}

  template <std::integral T>
  T number() {
    if (rest_.size() < sizeof(T)) return fail(), T{};
    const T value = load_le<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view bytes() {
    const auto length = number<uint32_t>();
    if (rest_.size() < length) return fail(), std::string_view();
    const std::string_view value = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return value;
  }
  // A count of things that take at least `bytes_min` bytes each.
  uint32_t count(size_t bytes_min) {
    const auto value = number<uint32_t>();
    if (value > rest_.size() / bytes_min) return fail(), 0;
    return value;
  }
  bool good() const { return good_; }
  // Everything was read, and nothing beyond.
  bool finished() const { return good_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  void fail() {
    good_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace millrace::commit
