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

// A line per value instead of a line per row; auto: where the table is wider than the terminal.
enum class Expanded : uint8_t { kOff, kOn, kAuto };

struct Look {
  OutputFormat format = OutputFormat::kTable;
  Expanded expanded = Expanded::kOff;
  size_t columns = 0;  // of the terminal; 0: it is none
};

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

std::unique_ptr<RowPrinter> make_row_printer(Look look, data::SchemaPtr schema,
                                             const formats::Formats& formats, Write write);

// What stands around the results, and between two of them, in -o json: one document for all that a
// command prints. Its version grows when a reader of the one before would fail.
//   {"version":1,"results":[
//   {"columns":[{"name":"id","type":"BIGINT"}],"rows":[
//     {"id":1}
//   ]}
//   ]}
inline constexpr std::string_view kJsonBegin = "{\"version\":1,\"results\":[\n";
inline constexpr std::string_view kJsonBetween = ",\n";
inline constexpr std::string_view kJsonEnd = "\n]}\n";
inline constexpr std::string_view kJsonEmpty = "{\"version\":1,\"results\":[]}\n";

}  // namespace millrace::cli
