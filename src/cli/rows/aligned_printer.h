#pragma once

#include <string>
#include <vector>

#include "cli/rows/row_printer.h"

namespace millrace::cli {

// AlignedPrinter: columns below each other as psql and Markdown draw them, or a line per value
// where that is asked for or the table would be wider than the terminal.
//
// Threading: confined to one thread.
class AlignedPrinter final : public RowPrinter {
 public:
  AlignedPrinter(data::SchemaPtr schema, bool markdown, Look look, Write write);
  void rows(const data::Batch& batch) override;
  // Later rows that are wider stand out of line.
  void show() override;
  uint64_t finish() override;

 private:
  using Cells = std::vector<std::string>;

  bool too_wide() const;
  void line(const Cells& cells, bool names);
  void rule();
  void record(const Cells& cells);

  const data::SchemaPtr schema_;
  const bool markdown_;
  const Look look_;
  const Write write_;
  Cells names_;
  std::vector<size_t> widths_;
  std::vector<Cells> cells_;
  bool begun_ = false;
  bool expanded_ = false;
  uint64_t count_ = 0;
};

}  // namespace millrace::cli
