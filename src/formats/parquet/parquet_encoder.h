#pragma once

#include <memory>

#include "formats/format.h"

namespace millrace::formats {

inline constexpr std::string_view kParquetCompression = "parquet.compression";

// REQUIRES: a build with Arrow (MILLRACE_WITH_PARQUET).
// Failure: kTypeMismatch: a type that Parquet has no place for.
Result<std::unique_ptr<FileEncoder>> make_parquet_encoder(const data::SchemaPtr& schema,
                                                          const traits::Options& options);

}  // namespace millrace::formats
