#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "formats/format.h"

namespace millrace::formats {

// Formats: every format by name.
//
// Threading:  immutable once filled.
// Ownership:  owns the formats.
class Formats {
 public:
  void add(std::unique_ptr<Format> format);
  // Failure: kUnknownFormat, with the nearest name.
  Result<const Format*> find(std::string_view name) const;
  const std::vector<std::unique_ptr<Format>>& all() const { return formats_; }

 private:
  std::vector<std::unique_ptr<Format>> formats_;
};

// The formats that come with Millrace.
Formats builtin_formats();

}  // namespace millrace::formats
