// modules: base record

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "base/buffer.h"
#include "record/batch_builder.h"
#include "record/batch_view.h"

namespace millrace::record {
namespace {

constexpr size_t kBytesMax = size_t{4} << 20;

// Whatever was read without an error must be written and read again as the same.
void round_trip(const BatchView& view, const std::vector<Record>& records) {
  BatchBuilder builder({.codec = view.header().codec()});
  for (const Record& record : records) {
    const std::vector<RecordHeader> headers = [&] {
      std::vector<RecordHeader> copied;
      for (const RecordHeader& header : record.headers) copied.push_back(header);
      return copied;
    }();
    MILLRACE_ASSERT(
        builder.append_at(static_cast<int32_t>(record.offset - view.header().base_offset),
                          {.timestamp_ms = record.timestamp_ms,
                           .key = record.key,
                           .value = record.value,
                           .headers = headers}));
  }
  const Buffer rebuilt = builder.build(view.header().base_offset);
  Decompressor decompressor;
  RecordReader reader = BatchView::read(rebuilt).value().records(decompressor).value();
  Record again;
  for (const Record& record : records) {
    MILLRACE_ASSERT(reader.next(again).value());
    MILLRACE_ASSERT(again.offset == record.offset && again.timestamp_ms == record.timestamp_ms);
    MILLRACE_ASSERT(again.key == record.key && again.value == record.value);
    MILLRACE_ASSERT(again.headers.count() == record.headers.count());
  }
  MILLRACE_ASSERT(!reader.next(again).value());
}

void read_batch(const Buffer& bytes) {
  // The checksum would keep nearly every input out.
  const auto view = BatchView::read(bytes, Checksum::kTrusted);
  if (!view) return;
  Decompressor decompressor;
  auto reader = view->records(decompressor, kBytesMax);
  if (!reader) return;
  std::vector<Record> records;
  Record record;
  while (true) {
    const Result<bool> more = reader->next(record);
    if (!more) return;
    if (!*more) break;
    records.push_back(record);
  }
  if (!records.empty()) round_trip(*view, records);
}

}  // namespace
}  // namespace millrace::record

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  millrace::record::read_batch(millrace::Buffer::copy_of(bytes));
  return 0;
}
