#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "kafka/wire/uuid.h"

namespace millrace::kafka {

// Elements that the arrays of one message may have together: bounds the memory that a small frame
// can ask for.
inline constexpr uint32_t kElementsMax = 1'000'000;

// Reader: the fields of one message, front to back. Numbers are big endian. In the flexible
// encoding lengths are unsigned varints of the length plus one, and structs end with tagged fields;
// in the classic one lengths are int16 (strings) or int32.
//
// Threading:  confined to one task.
// Ownership:  what `bytes` and `records` return shares the frame's block.
// Failure:    sticky: after the first thing that does not fit every value is 0 or empty, and
//             `finish` says what was wrong, and where.
class Reader {
 public:
  Reader(Buffer from, bool flexible) : from_(std::move(from)), flexible_(flexible) {
    end_ = from_.bytes();
  }

  template <std::integral T>
  T number();
  bool boolean() { return number<int8_t>() != 0; }
  double float64();
  Uuid uuid();
  uint32_t uvarint();

  std::string string();
  std::optional<std::string> nullable_string();
  Buffer bytes();
  std::optional<Buffer> nullable_bytes();
  // As bytes; in one piece.
  std::vector<Buffer> records();
  std::optional<std::vector<Buffer>> nullable_records();

  template <class T, class ReadElement>
  void array(std::vector<T>& to, ReadElement read);
  template <class T, class ReadElement>
  void nullable_array(std::optional<std::vector<T>>& to, ReadElement read);
  // Whether a nullable struct follows.
  bool present() { return number<int8_t>() >= 0; }

  // The tagged fields of one struct: `read(tag)` reads the field, or returns false for one that it
  // does not know, which is skipped. Nothing in the classic encoding.
  template <class ReadTag>
  void tags(ReadTag read);
  void skip_tags() {
    tags([](uint32_t) { return false; });
  }

  size_t position() const { return at_; }
  bool good() const { return wrong_.empty(); }
  // Whether all of the message `what` was read. Bytes behind it do not count, as with Kafka.
  Result<void> finish(std::string_view what) const;

 private:
  void fail(std::string_view wrong);
  bool has(size_t bytes);
  // Of a string (int16), or of bytes and arrays (int32); -1: null.
  int64_t string_length();
  int64_t length();
  // Of an array; -1: null.
  int64_t count();
  bool begin_tag(int64_t& last_tag, uint32_t& tag, size_t& field_end);
  void end_tag(bool known, size_t field_end, size_t outer_end);

  Buffer from_;
  const bool flexible_;
  size_t at_ = 0;
  size_t end_ = 0;  // of what may be read: the message, or the tagged field
  uint32_t elements_ = 0;
  std::string_view wrong_;
  size_t wrong_at_ = 0;
};

template <class T, class ReadElement>
void Reader::array(std::vector<T>& to, ReadElement read) {
  const int64_t elements = count();
  if (elements < 0) return fail("an array that must not be null");
  for (int64_t i = 0; i < elements && good(); ++i) read(to.emplace_back());
}

template <class T, class ReadElement>
void Reader::nullable_array(std::optional<std::vector<T>>& to, ReadElement read) {
  const int64_t elements = count();
  if (elements < 0) return to.reset();
  to.emplace();
  for (int64_t i = 0; i < elements && good(); ++i) read(to->emplace_back());
}

template <class ReadTag>
void Reader::tags(ReadTag read) {
  if (!flexible_) return;
  int64_t last_tag = -1;
  for (uint32_t left = uvarint(); left > 0 && good(); --left) {
    const size_t outer_end = end_;
    uint32_t tag = 0;
    size_t field_end = 0;
    if (!begin_tag(last_tag, tag, field_end)) return;
    end_ = field_end;
    const bool known = read(tag);
    end_tag(known, field_end, outer_end);
  }
}

}  // namespace millrace::kafka
