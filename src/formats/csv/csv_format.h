#pragma once

#include <memory>

#include "formats/format.h"

namespace millrace::formats {

// 'csv': RFC 4180 with options: delimiter, quotes, header, NULL literal.
std::unique_ptr<Format> make_csv_format();

}  // namespace millrace::formats
