#pragma once

#include <memory>

#include "formats/format.h"
#include "formats/json/json_options.h"

namespace millrace::formats {

// One object per row, columns in order, without blanks.
std::unique_ptr<RowEncoder> make_json_encoder(const data::SchemaPtr& schema,
                                              const JsonOptions& options);

}  // namespace millrace::formats
