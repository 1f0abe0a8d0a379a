#include "record/batch_view.h"

#include <limits>

#include "base/assert.h"
#include "base/varint.h"

namespace millrace::record {
namespace {

// Reads fields from the front of its bytes; after the first that does not fit, `ok` is false and
// the rest are zero.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  std::span<const std::byte> rest() const { return bytes_; }

  void skip(size_t bytes) { (void)take(bytes); }
  int64_t varlong() {
    if (!bytes_.empty() && std::to_integer<uint8_t>(bytes_.front()) < 0x80) {
      const auto value = std::to_integer<uint64_t>(bytes_.front());
      bytes_ = bytes_.subspan(1);
      return unzigzag(value);
    }
    const std::optional<uint64_t> value = take_varint(bytes_);
    if (!value) return fail();
    return unzigzag(*value);
  }
  int32_t varint() {
    const int64_t value = varlong();
    if (value != static_cast<int32_t>(value)) return static_cast<int32_t>(fail());
    return static_cast<int32_t>(value);
  }
  std::string_view text() {
    const int32_t bytes = varint();
    if (bytes < 0) return fail(), std::string_view();
    return take(static_cast<size_t>(bytes));
  }
  std::optional<std::string_view> nullable_text() {
    const int32_t bytes = varint();
    if (bytes == -1) return std::nullopt;
    if (bytes < 0) return fail(), std::nullopt;
    return take(static_cast<size_t>(bytes));
  }

 private:
  int64_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }
  std::string_view take(size_t bytes) {
    if (bytes > bytes_.size()) return fail(), std::string_view();
    const auto taken = bytes_.first(bytes);
    bytes_ = bytes_.subspan(bytes);
    return {reinterpret_cast<const char*>(taken.data()), bytes};
  }
  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

RecordHeader take_header(Fields& fields) {
  RecordHeader header;
  header.key = fields.text();
  header.value = fields.nullable_text();
  return header;
}

// The headers of a record, which are the rest of it.
std::optional<RecordHeaders> take_headers(Fields& fields) {
  const int32_t count = fields.varint();
  const std::span<const std::byte> bytes = fields.rest();
  if (count < 0) return std::nullopt;
  for (int32_t index = 0; index < count && fields.ok(); ++index) (void)take_header(fields);
  if (!fields.ok() || !fields.rest().empty()) return std::nullopt;
  return RecordHeaders(bytes, count);
}

int64_t wrapping_add(int64_t left, int64_t right) {
  return static_cast<int64_t>(static_cast<uint64_t>(left) + static_cast<uint64_t>(right));
}

}  // namespace

void RecordHeaders::Iterator::decode() {
  if (left_ == 0) return;
  Fields fields(rest_);
  header_ = take_header(fields);
  MILLRACE_ASSERT(fields.ok());
  rest_ = fields.rest();
}

Error RecordReader::corrupt(std::string_view what) {
  const int32_t number = std::exchange(done_, header_.record_count);
  position_ = bytes_.bytes();
  std::string message = "record " + std::to_string(number + 1) + " of ";
  message += std::to_string(header_.record_count) + " in the batch ";
  message += what;
  return Error(ErrorCode::kCorruptRecord, std::move(message))
      .at("offset " + std::to_string(header_.base_offset));
}

Result<bool> RecordReader::next(Record& record) {
  if (done_ == header_.record_count) {
    if (position_ == bytes_.bytes()) return false;
    return corrupt("is the last by count, but bytes follow it");
  }
  Fields outer(bytes_.span().subspan(position_));
  const int32_t length = outer.varint();
  if (!outer.ok() || length < 0 || static_cast<size_t>(length) > outer.rest().size()) {
    return corrupt("is cut short");
  }
  Fields fields(outer.rest().first(static_cast<size_t>(length)));
  fields.skip(1);  // attributes, of which none is in use
  const int64_t timestamp_delta = fields.varlong();
  const int32_t offset_delta = fields.varint();
  record.key = fields.nullable_text();
  record.value = fields.nullable_text();
  const std::optional<RecordHeaders> headers = take_headers(fields);
  if (!headers) return corrupt("has fields that do not fill its length");
  if (offset_delta <= last_offset_delta_ || offset_delta > header_.last_offset_delta) {
    return corrupt("has an offset out of order or range");
  }
  record.headers = *headers;
  record.offset = header_.base_offset + offset_delta;
  record.timestamp_ms = header_.timestamp_type() == TimestampType::kAppend
                            ? header_.max_timestamp_ms
                            : wrapping_add(header_.base_timestamp_ms, timestamp_delta);
  last_offset_delta_ = offset_delta;
  position_ = bytes_.bytes() - outer.rest().size() + static_cast<size_t>(length);
  ++done_;
  return true;
}

Result<BatchView> BatchView::read(const Buffer& from, Checksum checksum) {
  const BatchHeader header = MILLRACE_TRY(read_batch_header(from.span()));
  Buffer batch = from.slice(0, header.bytes());
  if (checksum == Checksum::kCompare && batch_crc(batch.span()) != header.crc) {
    return Error(ErrorCode::kCorruptRecord, "the batch does not match its checksum")
        .at("offset " + std::to_string(header.base_offset));
  }
  return BatchView(header, std::move(batch));
}

Result<RecordReader> BatchView::records(Decompressor& decompressor, size_t bytes_max,
                                        MemoryAccount* account) const {
  Buffer records = buffer_.slice(kBatchHeaderBytes, buffer_.bytes() - kBatchHeaderBytes);
  if (header_.codec() != Codec::kNone) {
    records =
        MILLRACE_TRY(decompressor.decompress(header_.codec(), records.span(), bytes_max, account));
  }
  return RecordReader(header_, std::move(records));
}

}  // namespace millrace::record
