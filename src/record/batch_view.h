#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "record/batch_header.h"
#include "record/compression.h"

namespace millrace::record {

// One header of a record: a name, which may occur several times, and bytes or null.
struct RecordHeader {
  std::string_view key;
  std::optional<std::string_view> value;
  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

// RecordHeaders: the headers of one record, decoded while iterating; checked before it is made.
// Threading: immutable. Ownership: points into the reader's bytes.
class RecordHeaders {
 public:
  class Iterator {
   public:
    using value_type = RecordHeader;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(std::span<const std::byte> rest, int32_t left) : rest_(rest), left_(left) { decode(); }
    const RecordHeader& operator*() const { return header_; }
    const RecordHeader* operator->() const { return &header_; }
    Iterator& operator++() {
      --left_;
      decode();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& iterator, std::default_sentinel_t) {
      return iterator.left_ == 0;
    }

   private:
    void decode();
    std::span<const std::byte> rest_;
    int32_t left_ = 0;
    RecordHeader header_;
  };

  RecordHeaders() = default;
  // REQUIRES: `bytes` hold exactly `count` well-formed headers.
  RecordHeaders(std::span<const std::byte> bytes, int32_t count) : bytes_(bytes), count_(count) {}
  int32_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  Iterator begin() const { return {bytes_, count_}; }
  static std::default_sentinel_t end() { return {}; }

 private:
  std::span<const std::byte> bytes_;
  int32_t count_ = 0;
};

// Record: one record as views into its reader's bytes. A plain value.
struct Record {
  int64_t offset = 0;
  int64_t timestamp_ms = -1;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  RecordHeaders headers;
};

// RecordReader: goes through the records of one batch.
//
// Threading:  confined to one task.
// Ownership:  shares the batch's bytes, or owns their decompressed form; the views in a Record live
//             as long as the reader, or as a copy of bytes().
// Order:      next() until it returns false or an Error.
// Failure:    kCorruptRecord: a length, count or offset does not fit; the reader stays at its end.
class RecordReader {
 public:
  // REQUIRES: `header` was checked; `bytes` are the uncompressed records.
  RecordReader(const BatchHeader& header, Buffer bytes)
      : header_(header), bytes_(std::move(bytes)) {}

  // Fills `record`; false at the end, which is where the count and the bytes run out together.
  Result<bool> next(Record& record);
  const Buffer& bytes() const { return bytes_; }

 private:
  Error corrupt(std::string_view what);
  BatchHeader header_;
  Buffer bytes_;
  size_t position_ = 0;
  int32_t done_ = 0;
  int64_t last_offset_delta_ = -1;
};

// Whether the checksum has been compared already.
enum class Checksum : uint8_t { kCompare, kTrusted };

// BatchView: one record batch whose header has been checked, in place.
//
// Threading:  immutable.
// Ownership:  shares the block of the buffer that it was read from.
class BatchView {
 public:
  // The batch at the front of `from`; more may follow it. kCorruptRecord, kUnsupportedCodec.
  static Result<BatchView> read(const Buffer& from, Checksum checksum = Checksum::kCompare);

  const BatchHeader& header() const { return header_; }
  // The whole batch as it is stored and sent.
  const Buffer& buffer() const { return buffer_; }
  size_t bytes() const { return buffer_.bytes(); }

  // kRecordTooLarge if the records decompress to more than `bytes_max`.
  Result<RecordReader> records(Decompressor& decompressor, size_t bytes_max = kUncompressedBytesMax,
                               MemoryAccount* account = nullptr) const;

 private:
  BatchView(const BatchHeader& header, Buffer buffer)
      : header_(header), buffer_(std::move(buffer)) {}
  BatchHeader header_;
  Buffer buffer_;
};

}  // namespace millrace::record
