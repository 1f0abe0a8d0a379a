#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "formats/format.h"

namespace millrace::formats {

// TextInput: a file that is read from some offset to its end in blocks, as one run of bytes: what
// the decoders of text formats stand on. Says which blocks to read (four ahead), joins what is left
// of one with the next.
//
// Threading:  confined to one task.
class TextInput {
 public:
  static constexpr uint64_t kBlockBytes = 1 << 20;

  TextInput(uint64_t file_bytes, uint64_t from)
      : file_bytes_(file_bytes), next_(from), offset_(from) {}

  std::vector<ByteRange> wanted() const;
  void supply(ByteRange range, Buffer bytes);
  // Joins the next block to the rest. False: it has not been supplied, or there is none.
  bool advance();

  // What has been read and not consumed; 64 bytes behind it are readable. Valid until advance().
  std::string_view rest() const { return current_.view().substr(used_); }
  void consume(size_t bytes) {
    used_ += bytes;
    offset_ += bytes;
  }
  // The file's offset of rest()[0].
  uint64_t offset() const { return offset_; }
  // rest() goes to the end of the file.
  bool whole() const { return next_ == file_bytes_; }
  bool at_end() const { return whole() && used_ == current_.bytes(); }

 private:
  uint64_t file_bytes_;
  uint64_t next_;  // offset of the first block not joined yet
  uint64_t offset_;
  std::map<uint64_t, Buffer> supplied_;  // by offset
  Buffer current_;
  size_t used_ = 0;
};

// The Position of a text decoder: how it was reading, where, and the number of the row there.
struct TextPosition {
  std::string mode;  // one word
  uint64_t offset = 0;
  int64_t number = 0;

  Position to_string() const;
  // Failure: kInputChanged: it is no position in a file of this size; `name` is the file's.
  static Result<TextPosition> parse(const Position& position, uint64_t file_bytes,
                                    const std::string& name);
};

// What a file's first bytes say it is, where that is no text: "a Parquet file", "gzip data",
// "binary data"; empty for text.
std::string_view recognise_binary(std::string_view head);

}  // namespace millrace::formats
