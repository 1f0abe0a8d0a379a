#pragma once

#include "base/result.h"
#include "formats/json/json_text.h"
#include "traits/option.h"

namespace millrace::formats {

enum class JsonLayout : uint8_t { kAuto, kLines, kArray };

// The options of 'json' as a decoder and an encoder use them.
struct JsonOptions {
  JsonLayout layout = JsonLayout::kAuto;
  bool has_path = false;
  JsonPath path;
  bool fail_on_missing_field = false;
  bool null_on_error = false;
  bool iso_timestamps = false;  // 'T' between date and time
  bool ignore_null_fields = false;

  // Failure: kInvalidOptionValue.
  static Result<JsonOptions> from(const traits::Options& options);
  static traits::OptionTable table();
};

}  // namespace millrace::formats
