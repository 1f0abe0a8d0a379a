#pragma once

#include <memory>

#include "formats/format.h"

namespace millrace::formats {

// REQUIRES: a build with Arrow (MILLRACE_WITH_PARQUET). Failure: as Format::open_file.
Result<std::unique_ptr<FileDecoder>> open_parquet_file(const DecodeRequest& request,
                                                       std::string name, uint64_t file_bytes,
                                                       const Position& from);

// Of all row groups together, from the footer.
Result<std::optional<data::ColumnStatistics>> parquet_statistics(const DecodeRequest& request,
                                                                 std::string name, io::File& file,
                                                                 size_t column);

}  // namespace millrace::formats
