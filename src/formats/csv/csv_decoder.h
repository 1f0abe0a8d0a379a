#pragma once

#include <memory>

#include "formats/csv/csv_options.h"
#include "formats/format.h"

namespace millrace::formats {

// Failure: as Format::open_file and record_decoder.
Result<std::unique_ptr<FileDecoder>> open_csv_file(const DecodeRequest& request,
                                                   const CsvOptions& options, std::string name,
                                                   uint64_t file_bytes, const Position& from);
Result<std::unique_ptr<RecordDecoder>> make_csv_record_decoder(const DecodeRequest& request,
                                                               const CsvOptions& options);

}  // namespace millrace::formats
