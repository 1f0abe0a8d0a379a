#pragma once

#include <memory>

#include "formats/format.h"

namespace millrace::formats {

// 'parquet': files of column chunks, read row group by row group. Where Arrow was left out of the
// build every use answers kFormatUnavailable.
std::unique_ptr<Format> make_parquet_format();

}  // namespace millrace::formats
