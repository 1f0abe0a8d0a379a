#pragma once

#include <memory>
#include <string>

#include "cli/row_printer.h"
#include "session/client.h"

namespace millrace::cli {

struct TerminalOptions {
  OutputFormat format = OutputFormat::kTable;
  bool progress = false;  // a line on stderr that is written over; for terminals only
  bool quiet = false;     // no notices, no tags
};

// TerminalClient: rows to stdout, everything else to stderr.
//
// Threading: as Client.
class TerminalClient final : public session::Client {
 public:
  TerminalClient(TerminalOptions options, const formats::Formats& formats);
  ~TerminalClient() override;

  void begin_rows(const data::SchemaPtr& schema, bool endless) override;
  void rows(const data::Batch& batch) override;
  void end_rows() override;
  void done(std::string_view tag) override;
  void notice(std::string_view text) override;
  void progress(const session::Progress& progress) override;

 private:
  void clear_progress();

  const TerminalOptions options_;
  const formats::Formats& formats_;
  std::unique_ptr<RowPrinter> printer_;
  bool endless_ = false;
  bool progress_shown_ = false;
  uint64_t rows_before_ = 0;
};

// Writes to a stream that may be cut (a closed pipe ends the process quietly).
void write_out(std::string_view text);
void write_err(std::string_view text);

}  // namespace millrace::cli
