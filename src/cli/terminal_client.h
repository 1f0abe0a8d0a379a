#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "cli/rows/row_printer.h"
#include "session/client.h"

namespace millrace::cli {

struct TerminalOptions {
  Look look;
  bool progress = false;  // a line on stderr that is written over; for terminals only
  bool quiet = false;     // no notices, no tags
  bool document = false;  // -o json: a document even where there was no result
};

// TerminalClient: rows to stdout, everything else to stderr.
//
// Threading:  as Client; print and cancel from anywhere.
// Order:      finish after the last statement; else the destructor does it.
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

  // A line of a 'print' table.
  void print(std::string_view line);
  // Ends a table that is being printed where it stands; nothing of it comes later.
  void cancel() { cancelled_ = true; }
  // What was printed becomes whole: closes the JSON document.
  void finish();
  // How the next results look.
  Look& look() { return options_.look; }

 private:
  void clear_progress();
  void begin_result(const data::SchemaPtr& schema);
  void close_document();

  TerminalOptions options_;
  const formats::Formats& formats_;
  std::mutex mutex_;  // 'print' tables write from other threads
  std::unique_ptr<RowPrinter> printer_;
  bool endless_ = false;
  bool rows_printed_ = false;  // by the statement that runs
  bool in_document_ = false;
  bool progress_shown_ = false;
  int progress_told_ = 0;
  uint64_t rows_before_ = 0;
  std::atomic<bool> cancelled_{false};
};

}  // namespace millrace::cli
