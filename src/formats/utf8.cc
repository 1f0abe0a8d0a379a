#include "formats/utf8.h"

#include <simdjson.h>

namespace millrace::formats {

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace millrace::formats
