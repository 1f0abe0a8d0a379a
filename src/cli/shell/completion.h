#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/shell/line_reader.h"

namespace millrace::cli {

// NameSource: the names that a statement may hold. Threading: one thread.
class NameSource {
 public:
  virtual ~NameSource() = default;
  virtual std::vector<std::string> tables() = 0;  // and views
  virtual std::vector<std::string> columns(const std::string& table) = 0;
  virtual std::vector<std::string> functions() = 0;
  virtual std::vector<std::string> settings() = 0;
};

// What could stand behind `before`, the beginning of a statement: keywords in the case in which
// they were begun; behind FROM tables; in an expression columns of the tables that the statement
// names, and functions; inside of WITH ( … ) options and their values; behind SET settings.
// `after`: the rest of the statement.
Completion complete_statement(std::string_view before, std::string_view after, NameSource& names);

// Those of `candidates` that begin with `begun`, in any case; sorted, each once.
Completion matching(std::string_view begun, const std::vector<std::string>& candidates);

}  // namespace millrace::cli
