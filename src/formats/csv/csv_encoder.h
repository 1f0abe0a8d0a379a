#pragma once

#include <memory>

#include "formats/csv/csv_options.h"
#include "formats/format.h"

namespace millrace::formats {

// One line per row; fields are quoted where they must be, and texts that read like NULL.
std::unique_ptr<RowEncoder> make_csv_encoder(const data::SchemaPtr& schema,
                                             const CsvOptions& options);

}  // namespace millrace::formats
