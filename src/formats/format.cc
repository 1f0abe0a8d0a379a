#include "formats/format.h"

#include <fmt/core.h>

namespace millrace::formats {
namespace {

// A text file of records.
class RecordFileEncoder final : public FileEncoder {
 public:
  explicit RecordFileEncoder(std::unique_ptr<RowEncoder> rows) : rows_(std::move(rows)) {}
  Result<void> append(const data::Batch& batch, std::string& to) override {
    if (!std::exchange(begun_, true)) to += rows_->file_header();
    records_.clear();
    rows_->encode(batch, rows_->record_end(), records_);
    to += records_.bytes;
    return {};
  }
  Result<void> finish(std::string& to) override {
    if (!begun_) to += rows_->file_header();
    return {};
  }

 private:
  const std::unique_ptr<RowEncoder> rows_;
  EncodedRecords records_;
  bool begun_ = false;
};

Error cannot(const Format& format, std::string_view what) {
  return Error(ErrorCode::kNotSupported,
               fmt::format("format '{}' cannot {}", format.traits().name, what));
}

}  // namespace

data::SchemaPtr DecodeRequest::output_schema() const {
  std::vector<data::Field> fields;
  fields.reserve(columns.size());
  for (const size_t index : columns) fields.push_back(declared->field(index));
  return data::make_schema(std::move(fields));
}

Result<std::unique_ptr<FileDecoder>> Format::open_file(const DecodeRequest& /*request*/,
                                                       std::string /*name*/,
                                                       uint64_t /*file_bytes*/,
                                                       const Position& /*from*/) const {
  return cannot(*this, "be read from a file");
}

Result<std::unique_ptr<RecordDecoder>> Format::record_decoder(
    const DecodeRequest& /*request*/) const {
  return cannot(*this, "be read from single records");
}

Result<std::unique_ptr<RowEncoder>> Format::encoder(const data::SchemaPtr& /*schema*/,
                                                    const traits::Options& /*options*/) const {
  return cannot(*this, "be written as single records");
}

Result<std::unique_ptr<FileEncoder>> Format::file_encoder(const data::SchemaPtr& schema,
                                                          const traits::Options& options) const {
  return std::make_unique<RecordFileEncoder>(MILLRACE_TRY(encoder(schema, options)));
}

Result<std::optional<data::ColumnStatistics>> Format::statistics(const DecodeRequest& /*request*/,
                                                                 std::string /*name*/,
                                                                 io::File& /*file*/,
                                                                 size_t /*column*/) const {
  return std::optional<data::ColumnStatistics>();
}

Result<Progress> decode_from(io::File& file, FileDecoder& decoder, uint32_t rows_max, Decoded& to) {
  while (true) {
    const Progress progress = MILLRACE_TRY(decoder.decode(rows_max, to));
    if (progress != Progress::kNeedsBytes) return progress;
    for (const ByteRange& range : decoder.wanted()) {
      Buffer bytes = Buffer::allocate(range.bytes);
      const size_t read =
          MILLRACE_TRY(file.read_at(range.offset, {bytes.mutable_data(), bytes.bytes()}));
      if (read != range.bytes) {
        return Error(ErrorCode::kMalformedFile, "the file became shorter while it was read");
      }
      decoder.supply(range, std::move(bytes));
    }
  }
}

}  // namespace millrace::formats
