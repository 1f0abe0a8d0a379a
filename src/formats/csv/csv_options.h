#pragma once

#include <string>

#include "traits/option.h"

namespace millrace::formats {

// The options of 'csv' as a decoder and an encoder use them.
struct CsvOptions {
  char delimiter = ',';
  bool quotes = true;
  char quote = '"';
  char escape = '\0';  // none: a quote inside quotes is doubled
  bool header = false;
  bool comments = false;  // lines that begin with '#'
  bool null_on_error = false;
  std::string null_literal;
  char element_delimiter = ';';

  static CsvOptions from(const traits::Options& options);
};

}  // namespace millrace::formats
