#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "kafka/wire/uuid.h"

namespace millrace::kafka {

// Writer: the fields of one message, front to back; the way back is Reader.
//
// Threading:  confined to one task.
// Ownership:  large buffers become parts of the result by reference, not copied.
class Writer {
 public:
  explicit Writer(bool flexible) : flexible_(flexible) {}

  template <std::integral T>
  void number(T value);
  void boolean(bool value) { number<int8_t>(value ? 1 : 0); }
  void float64(double value);
  void uuid(const Uuid& value);
  void uvarint(uint32_t value);

  // REQUIRES: in the classic encoding at most 32,767 bytes; what is longer is cut.
  void string(std::string_view value);
  void nullable_string(const std::optional<std::string>& value);
  void bytes(const Buffer& value);
  void nullable_bytes(const std::optional<Buffer>& value);
  void records(std::span<const Buffer> pieces);
  void nullable_records(const std::optional<std::vector<Buffer>>& pieces);

  template <class T, class WriteElement>
  void array(const std::vector<T>& from, WriteElement write) {
    length(static_cast<int64_t>(from.size()));
    for (const T& element : from) write(element);
  }
  template <class T, class WriteElement>
  void nullable_array(const std::optional<std::vector<T>>& from, WriteElement write) {
    if (!from) return length(-1);
    array(*from, write);
  }
  void present(bool is) { number<int8_t>(is ? 1 : -1); }

  bool flexible() const { return flexible_; }
  // One tagged field; `write(writer)` writes its content. REQUIRES: ascending tags, after the
  // number of them.
  template <class Write>
  void tagged(uint32_t tag, Write write) {
    Writer field(true);
    write(field);
    append_tagged(tag, field);
  }

  size_t size() const { return flushed_bytes_ + text_.size(); }
  // Bytes as they are, without a length.
  void raw(const Buffer& bytes) { piece(bytes); }

  // All that was written, with its length as int32 in front if `framed`; then the writer is empty.
  std::vector<Buffer> finish(bool framed);

 private:
  void string_length(int64_t bytes);
  void length(int64_t value);
  void piece(const Buffer& bytes);
  void append_tagged(uint32_t tag, Writer& field);
  void flush();

  const bool flexible_;
  std::string text_;
  std::vector<Buffer> parts_;
  size_t flushed_bytes_ = 0;
};

}  // namespace millrace::kafka
