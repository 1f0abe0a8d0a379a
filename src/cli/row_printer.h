#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "data/batch.h"
#include "formats/builtin.h"

namespace millrace::cli {

// -o: how rows look on stdout.
enum class OutputFormat : uint8_t { kTable, kJson, kJsonl, kCsv, kMarkdown };
// Failure: kInvalidOption naming the nearest.
Result<OutputFormat> parse_output_format(std::string_view name);

using Write = std::function<void(std::string_view)>;

// RowPrinter: one result, row by row, to `write`. table and markdown hold the rows until the end
// or until show, to know how wide the columns are.
//
// Threading:  confined to one thread.
// Order:      (rows, show)*, finish.
class RowPrinter {
 public:
  virtual ~RowPrinter() = default;
  virtual void rows(const data::Batch& batch) = 0;
  // Writes what is still held back.
  virtual void show() {}
  // Returns how many rows there were.
  virtual uint64_t finish() = 0;
};

Result<std::unique_ptr<RowPrinter>> make_row_printer(OutputFormat format, data::SchemaPtr schema,
                                                     const formats::Formats& formats, Write write);

}  // namespace millrace::cli
