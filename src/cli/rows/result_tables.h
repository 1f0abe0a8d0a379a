#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/rows/row_printer.h"
#include "data/schema.h"
#include "data/value.h"

namespace millrace::cli {

data::Field text_column(std::string name);
data::Field number_column(std::string name);

// A small table that a command makes itself.
struct ResultTable {
  std::vector<data::Field> columns;
  std::vector<std::vector<data::Value>> rows;
};

// One after another; with json as one document.
void print_tables(OutputFormat format, std::span<const ResultTable> tables);

}  // namespace millrace::cli
