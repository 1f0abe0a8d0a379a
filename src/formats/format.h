#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "data/batch.h"
#include "data/predicate.h"
#include "data/schema.h"
#include "io/file_system.h"
#include "traits/format_traits.h"
#include "traits/option.h"

namespace millrace::formats {

// What is to be decoded. Values; copied by the decoder.
struct DecodeRequest {
  // The physical columns that the table declares, in order, and which of them are wanted, in the
  // order of the output. A decoder materialises and converts only these; none wanted: it counts
  // rows.
  data::SchemaPtr declared;
  std::vector<size_t> columns;
  traits::Options options;  // of the table; the format reads its own
  // A field that cannot be converted becomes NULL instead of making its row a bad one.
  bool null_on_error = false;
  // About `declared`. For skipping blocks only: rows that do not match may still come.
  std::vector<data::SimplePredicate> predicates;

  data::SchemaPtr output_schema() const;
};

// A row that cannot be decoded. The rows around it are not affected.
struct BadRow {
  ErrorCode code = ErrorCode::kMalformedRow;
  std::string reason;  // one sentence
  std::string where;   // behind a file's name: ":1234567" (line), "[17]" (element); "" for a record
  int64_t number = 0;  // as Decoded::first_row
  uint64_t offset = 0;  // of the raw bytes in the file
  std::string raw;      // at most kRawBytesMax of them
};
inline constexpr size_t kRawBytesMax = 64 << 10;

struct ByteRange {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Where a file's decoder stands: bytes that only the format understands; empty: the start.
using Position = std::string;

// One step of a file's decoder. `bad` come behind the rows of `batch` and before those of the next
// step.
struct Decoded {
  data::Batch batch;  // dense, 0 to kBatchRowsMax rows
  // Number of the batch's first row within the file (line - 1, element, row); its rows are numbered
  // without gaps.
  int64_t first_row = 0;
  std::vector<BadRow> bad;
  Position behind;  // behind the rows and bad rows of this step
};

enum class Progress : uint8_t {
  kRows,        // rows, bad rows or both came; call again
  kNeedsBytes,  // supply what wanted() names
  kDone,        // the file is read to its end
};

// FileDecoder: one file of a known size -> batches. It never reads: it names byte ranges, and
// whoever drives it reads them where blocking is allowed, and supplies them.
//
// Threading:  confined to one task at a time.
// Order:      while decode answers kNeedsBytes, supply all of wanted(). Ranges may be supplied
//             ahead.
// Failure:    decode: kMalformedFile if the file is not of this format, damaged or cut short so
//             that nothing more can be had from it; kTypeMismatch, kColumnNotFound if it does not
//             fit the declared columns. A bad row is data, in Decoded::bad.
class FileDecoder {
 public:
  virtual ~FileDecoder() = default;
  // The ranges that decoding needs next, in order of need, and some that it will need soon; without
  // those already supplied. Each lies within the file.
  virtual std::vector<ByteRange> wanted() = 0;
  // `bytes` is the content of a range that was wanted, all of it.
  virtual void supply(ByteRange range, Buffer bytes) = 0;
  // Decodes at most `rows_max` rows (1 to kBatchRowsMax) into `to`, which it overwrites.
  virtual Result<Progress> decode(uint32_t rows_max, Decoded& to) = 0;
};

// Rows of one decode of records.
struct DecodedRecords {
  data::Batch batch;
  struct Bad {
    uint32_t index;  // of the record
    ErrorCode code;
    std::string reason;
  };
  // The records that gave no row, ascending; all others gave one row each, in order.
  std::vector<Bad> bad;
};

// RecordDecoder: values of records (of a topic, of messages) -> batches, a row per record.
//
// Threading:  confined to one task.
// Failure:    none: what cannot be decoded is named in `bad`.
class RecordDecoder {
 public:
  virtual ~RecordDecoder() = default;
  // At most kBatchRowsMax values; 64 bytes behind each are readable (values lie in Buffers).
  virtual void decode(std::span<const std::string_view> values, DecodedRecords& to) = 0;
};

// Records made from rows: one behind the other in `bytes`; record n ends at ends[n].
struct EncodedRecords {
  std::string bytes;
  std::vector<size_t> ends;

  void clear() {
    bytes.clear();
    ends.clear();
  }
  size_t size() const { return ends.size(); }
  std::string_view operator[](size_t n) const {
    const size_t begin = n == 0 ? 0 : ends[n - 1];
    return std::string_view(bytes).substr(begin, ends[n] - begin);
  }
};

// RowEncoder: rows -> records. A text file of records is file_header(), then every record with
// record_end() behind it.
//
// Threading:  confined to one task.
// Failure:    none: every value of every type has a text.
class RowEncoder {
 public:
  virtual ~RowEncoder() = default;
  // Appends a record for every row of `batch` that counts, each followed by `terminator`. Signs are
  // the caller's affair. REQUIRES: the schema that the encoder was made for.
  virtual void encode(const data::Batch& batch, std::string_view terminator,
                      EncodedRecords& to) = 0;
  virtual std::string_view file_header() const { return {}; }
  virtual std::string_view record_end() const { return "\n"; }
};

// FileEncoder: rows -> the bytes of one file, from its first to its last.
//
// Threading:  confined to one task.
// Order:      append*, finish, once.
// Failure:    an Error of the library that writes the format; the file is then of no use.
class FileEncoder {
 public:
  virtual ~FileEncoder() = default;
  // Appends to `to` what is known of the file; rows may be kept back for later. Signs are the
  // caller's affair. REQUIRES: the schema that the encoder was made for.
  virtual Result<void> append(const data::Batch& batch, std::string& to) = 0;
  // The rest of the file.
  virtual Result<void> finish(std::string& to) = 0;
  // About how many bytes are kept back.
  virtual uint64_t held_bytes() const { return 0; }
};

// Format: a way to write rows as bytes. One object per format, made at start.
//
// Threading:  immutable; shared by all tasks.
// Failure:    kInvalidOptionValue, kTypeMismatch for a request that the format cannot serve;
//             kFormatUnavailable where it was left out of the build; kNotSupported for a direction
//             that traits() does not name.
class Format {
 public:
  virtual ~Format() = default;
  virtual const traits::FormatTraits& traits() const = 0;
  // `name` is for messages; `from` a Position that a decoder of the same request and file gave.
  virtual Result<std::unique_ptr<FileDecoder>> open_file(const DecodeRequest& request,
                                                         std::string name, uint64_t file_bytes,
                                                         const Position& from) const;
  virtual Result<std::unique_ptr<RecordDecoder>> record_decoder(const DecodeRequest& request) const;
  virtual Result<std::unique_ptr<RowEncoder>> encoder(const data::SchemaPtr& schema,
                                                      const traits::Options& options) const;
  // Of a text format: its encoder's header, then every record with its end.
  virtual Result<std::unique_ptr<FileEncoder>> file_encoder(const data::SchemaPtr& schema,
                                                            const traits::Options& options) const;
  // What the file itself says of a declared column, without reading its rows; nothing if it does
  // not.
  virtual Result<std::optional<data::ColumnStatistics>> statistics(const DecodeRequest& request,
                                                                   std::string name, io::File& file,
                                                                   size_t column) const;
};

// Drives a decoder over a file that may be read here and now: for tests, tools and simple callers.
// Reads the wanted ranges and decodes; kRows or kDone.
Result<Progress> decode_from(io::File& file, FileDecoder& decoder, uint32_t rows_max, Decoded& to);

}  // namespace millrace::formats
