#pragma once

#include <string>
#include <vector>

#include "sql/ast/span.h"

namespace millrace::sql {

// 'key' = 'value' in WITH ( … ), SET ( … ) and OPTIONS( … ), in the order written; a value that was
// no string (8, TRUE) is its text. Keys may repeat here; the reader of the options refuses that.
struct Option {
  std::string key;
  std::string value;
  Span key_span;
  Span value_span;
  friend bool operator==(const Option&, const Option&) = default;
};

using Options = std::vector<Option>;

}  // namespace millrace::sql
