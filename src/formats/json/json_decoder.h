#pragma once

#include <memory>

#include "formats/format.h"
#include "formats/json/json_options.h"

namespace millrace::formats {

// Failure: as Format::open_file and record_decoder.
Result<std::unique_ptr<FileDecoder>> open_json_file(const DecodeRequest& request,
                                                    const JsonOptions& options, std::string name,
                                                    uint64_t file_bytes, const Position& from);
std::unique_ptr<RecordDecoder> make_json_record_decoder(const DecodeRequest& request,
                                                        const JsonOptions& options);

}  // namespace millrace::formats
