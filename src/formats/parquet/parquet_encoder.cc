#include "formats/parquet/parquet_encoder.h"

#ifdef MILLRACE_WITH_PARQUET

#include <arrow/array.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/core.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "formats/parquet/arrow_arrays.h"

namespace millrace::formats {
namespace {

constexpr int64_t kRowGroupRows = 256 << 10;

// What the writer has given since it was last taken.
class StringOutput final : public arrow::io::OutputStream {
 public:
  arrow::Status Write(const void* data, int64_t bytes) override {
    bytes_.append(static_cast<const char*>(data), static_cast<size_t>(bytes));
    position_ += bytes;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  std::string take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
  int64_t position_ = 0;
  bool closed_ = false;
};

Error failed(const std::string& what) {
  return Error(ErrorCode::kInternal, fmt::format("a Parquet file could not be written: {}", what));
}

class ParquetEncoder final : public FileEncoder {
 public:
  ParquetEncoder(std::shared_ptr<arrow::Schema> schema, std::string compression)
      : schema_(std::move(schema)), compression_(std::move(compression)) {}

  Result<void> append(const data::Batch& batch, std::string& to) override {
    return guarded([&] { return write(data::Batch(batch).compact()); }, to);
  }
  Result<void> finish(std::string& to) override {
    return guarded(
        [&]() -> arrow::Status {
          ARROW_RETURN_NOT_OK(open());
          return writer_->Close();
        },
        to);
  }
  uint64_t held_bytes() const override { return held_bytes_; }

 private:
  // Arrow throws and returns; both become an Error here.
  template <class Step>
  Result<void> guarded(const Step& step, std::string& to) {
    try {
      if (const arrow::Status status = step(); !status.ok()) return failed(status.ToString());
    } catch (const std::exception& error) {
      return failed(error.what());
    }
    const std::string given = output_->take();
    if (!given.empty()) held_bytes_ = 0;
    to += given;
    return {};
  }

  arrow::Status open() {
    if (writer_ != nullptr) return arrow::Status::OK();
    auto properties = parquet::WriterProperties::Builder()
                          .compression(codec())
                          ->max_row_group_length(kRowGroupRows)
                          ->build();
    auto writer = parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), output_,
                                                   std::move(properties));
    ARROW_RETURN_NOT_OK(writer.status());
    writer_ = std::move(*writer);
    return arrow::Status::OK();
  }

  arrow::Status write(const data::Batch& batch) {
    ARROW_RETURN_NOT_OK(open());
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const data::ColumnPtr& column : batch.columns()) {
      arrays.push_back(to_arrow(column));
      for (const auto& buffer : arrays.back()->data()->buffers) {
        if (buffer != nullptr) held_bytes_ += static_cast<uint64_t>(buffer->size());
      }
    }
    return writer_->WriteRecordBatch(
        *arrow::RecordBatch::Make(schema_, batch.rows(), std::move(arrays)));
  }

  arrow::Compression::type codec() const {
    if (compression_ == "SNAPPY") return arrow::Compression::SNAPPY;
    if (compression_ == "GZIP") return arrow::Compression::GZIP;
    if (compression_ == "ZSTD") return arrow::Compression::ZSTD;
    return arrow::Compression::UNCOMPRESSED;
  }

  const std::shared_ptr<arrow::Schema> schema_;
  const std::string compression_;
  const std::shared_ptr<StringOutput> output_ = std::make_shared<StringOutput>();
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  uint64_t held_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<FileEncoder>> make_parquet_encoder(const data::SchemaPtr& schema,
                                                          const traits::Options& options) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const data::Field& field : schema->fields()) {
    auto type = arrow_type_of(field.type);
    if (!type) return Error(type.error()).at(field.name);
    fields.push_back(arrow::field(field.name, std::move(*type)));
  }
  return std::make_unique<ParquetEncoder>(arrow::schema(std::move(fields)),
                                          options.text(kParquetCompression));
}

}  // namespace millrace::formats

#endif
