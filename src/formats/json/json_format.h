#pragma once

#include <memory>

#include "formats/format.h"

namespace millrace::formats {

// 'json': an object per row. Files: a line each, an array, or an array inside a document
// ('json.path').
// Records: a value each.
std::unique_ptr<Format> make_json_format();

}  // namespace millrace::formats
