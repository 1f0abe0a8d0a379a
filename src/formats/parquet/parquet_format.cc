#include "formats/parquet/parquet_format.h"

#include "formats/parquet/parquet_decoder.h"
#include "formats/parquet/parquet_encoder.h"

namespace millrace::formats {

#ifndef MILLRACE_WITH_PARQUET
// Never called: check_available() comes first.
Result<std::unique_ptr<FileDecoder>> open_parquet_file(const DecodeRequest&, std::string, uint64_t,
                                                       const Position&) {
  return std::unique_ptr<FileDecoder>();
}
Result<std::optional<data::ColumnStatistics>> parquet_statistics(const DecodeRequest&, std::string,
                                                                 io::File&, size_t) {
  return std::optional<data::ColumnStatistics>();
}
Result<std::unique_ptr<FileEncoder>> make_parquet_encoder(const data::SchemaPtr&,
                                                          const traits::Options&) {
  return std::unique_ptr<FileEncoder>();
}
#endif

namespace {

constexpr traits::OptionSpec kParquetOptions[] = {
    {.name = kParquetCompression,
     .type = traits::OptionType::kChoice,
     .default_value = "SNAPPY",
     .choices = "SNAPPY|GZIP|ZSTD|UNCOMPRESSED",
     .documentation = "How written pages are compressed."},
};

constexpr traits::FormatTraits kTraits = {
    .name = "parquet",
    .summary = "Parquet files: only the columns and row groups that are needed are read.",
    .decodes = true,
    .encodes = true,
    .records = false,
    .containers = true,
    .takes_columns = true,
    .takes_predicates = true,
    .options = kParquetOptions,
};

#ifdef MILLRACE_WITH_PARQUET
constexpr bool kAvailable = true;
#else
constexpr bool kAvailable = false;
#endif

Result<void> check_available() {
  if (kAvailable) return {};
  return Error(ErrorCode::kFormatUnavailable, "this build has no Parquet: Arrow was not found")
      .remedy(
          "Put Arrow where the build looks for it (./dev does) and build again, or use JSON or "
          "CSV.");
}

class ParquetFormat final : public Format {
 public:
  const traits::FormatTraits& traits() const override { return kTraits; }

  Result<std::unique_ptr<FileDecoder>> open_file(const DecodeRequest& request, std::string name,
                                                 uint64_t file_bytes,
                                                 const Position& from) const override {
    MILLRACE_TRY(check_available());
    return open_parquet_file(request, std::move(name), file_bytes, from);
  }

  Result<std::unique_ptr<FileEncoder>> file_encoder(const data::SchemaPtr& schema,
                                                    const traits::Options& options) const override {
    MILLRACE_TRY(check_available());
    return make_parquet_encoder(schema, options);
  }

  Result<std::optional<data::ColumnStatistics>> statistics(const DecodeRequest& request,
                                                           std::string name, io::File& file,
                                                           size_t column) const override {
    MILLRACE_TRY(check_available());
    return parquet_statistics(request, std::move(name), file, column);
  }
};

}  // namespace

std::unique_ptr<Format> make_parquet_format() {
  return std::make_unique<ParquetFormat>();
}

}  // namespace millrace::formats
