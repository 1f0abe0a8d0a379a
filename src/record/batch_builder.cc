#include "record/batch_builder.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/varint.h"

namespace millrace::record {
namespace {

size_t signed_bytes(int64_t value) {
  return varint_bytes(zigzag(value));
}

size_t text_bytes(std::string_view text) {
  return signed_bytes(static_cast<int64_t>(text.size())) + text.size();
}

size_t nullable_bytes(const std::optional<std::string_view>& text) {
  return text ? text_bytes(*text) : signed_bytes(-1);
}

size_t headers_bytes(std::span<const RecordHeader> headers) {
  size_t bytes = signed_bytes(static_cast<int64_t>(headers.size()));
  for (const RecordHeader& header : headers) {
    bytes += text_bytes(header.key) + nullable_bytes(header.value);
  }
  return bytes;
}

// Writes fields one behind the other; the room was measured before.
class Pen {
 public:
  explicit Pen(std::byte* to) : to_(to) {}
  const std::byte* position() const { return to_; }
  void byte(uint8_t value) { *to_++ = std::byte{value}; }
  void number(int64_t value) {
    const uint64_t bits = zigzag(value);
    if (bits < 0x80) {
      *to_++ = static_cast<std::byte>(bits);
    } else {
      to_ += put_varint(to_, bits);
    }
  }
  void text(std::string_view text) {
    number(static_cast<int64_t>(text.size()));
    if (!text.empty()) std::memcpy(to_, text.data(), text.size());
    to_ += text.size();
  }
  void nullable(const std::optional<std::string_view>& value) {
    if (value) {
      text(*value);
    } else {
      number(-1);
    }
  }

 private:
  std::byte* to_;
};

int16_t attributes_of(const BatchOptions& options) {
  int attributes = static_cast<int>(options.codec);
  if (options.transactional) attributes |= 0x10;
  if (options.control) attributes |= 0x20;
  return static_cast<int16_t>(attributes);
}

// As the reader adds it back: timestamps at both ends of the range wrap.
int64_t wrapping_subtract(int64_t left, int64_t right) {
  return static_cast<int64_t>(static_cast<uint64_t>(left) - static_cast<uint64_t>(right));
}

}  // namespace

BatchBuilder::BatchBuilder(BatchOptions options)
    : options_(options),
      buffer_(std::max(options.capacity_bytes, kBatchHeaderBytes), options.account) {
  begin();
}

void BatchBuilder::begin() {
  header_ = {.attributes = attributes_of(options_),
             .last_offset_delta = -1,
             .producer_id = options_.producer_id,
             .producer_epoch = options_.producer_epoch,
             .base_sequence = options_.base_sequence};
  buffer_.commit(kBatchHeaderBytes);
}

Result<void> BatchBuilder::append(const NewRecord& record) {
  return append_at(header_.last_offset_delta + 1, record);
}

Result<void> BatchBuilder::append_at(int32_t offset_delta, const NewRecord& record) {
  MILLRACE_ASSERT(offset_delta > header_.last_offset_delta);
  const int64_t base_ms = empty() ? options_.base_timestamp_ms.value_or(record.timestamp_ms)
                                  : header_.base_timestamp_ms;
  const int64_t timestamp_delta = wrapping_subtract(record.timestamp_ms, base_ms);
  const size_t length = 1 + signed_bytes(timestamp_delta) + signed_bytes(offset_delta) +
                        nullable_bytes(record.key) + nullable_bytes(record.value) +
                        headers_bytes(record.headers);
  const size_t bytes = signed_bytes(static_cast<int64_t>(length)) + length;
  if (!buffer_.reserve(bytes, kBatchBytesMax)) {
    return Error(ErrorCode::kRecordTooLarge,
                 "a record of " + std::to_string(length) + " bytes does not fit into its batch")
        .remedy("Send fewer or smaller records in a batch.");
  }
  Pen pen(buffer_.free().data());
  pen.number(static_cast<int64_t>(length));
  pen.byte(0);
  pen.number(timestamp_delta);
  pen.number(offset_delta);
  pen.nullable(record.key);
  pen.nullable(record.value);
  pen.number(static_cast<int64_t>(record.headers.size()));
  for (const RecordHeader& header : record.headers) {
    pen.text(header.key);
    pen.nullable(header.value);
  }
  MILLRACE_ASSERT(pen.position() == buffer_.free().data() + bytes);
  buffer_.commit(bytes);
  header_.base_timestamp_ms = base_ms;
  header_.max_timestamp_ms =
      empty() ? record.timestamp_ms : std::max(header_.max_timestamp_ms, record.timestamp_ms);
  header_.last_offset_delta = offset_delta;
  ++header_.record_count;
  return {};
}

Buffer BatchBuilder::build(int64_t base_offset) {
  MILLRACE_ASSERT(!empty());
  header_.base_offset = base_offset;
  Buffer batch;
  if (options_.codec == Codec::kNone) {
    batch = buffer_.take();
    buffer_ = GrowingBuffer(std::max(options_.capacity_bytes, kBatchHeaderBytes), options_.account);
  } else {
    batch = compressor_.compress(options_.codec, buffer_.written().subspan(kBatchHeaderBytes),
                                 kBatchHeaderBytes, options_.account);
    buffer_.clear();
  }
  write_batch_header({batch.mutable_data(), batch.bytes()}, header_);
  begin();
  return batch;
}

}  // namespace millrace::record
