#include "cli/terminal_client.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/number_text.h"
#include "cli/output.h"
#include "cli/rows/text_width.h"
#include "data/datetime_text.h"
#include "data/value.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[K";
constexpr double kProgressPerSecond = 5.0;
constexpr int kProgressFirst = 3;  // of a statement; one that ends sooner shows none

std::string watermark_text(int64_t watermark_us) {
  if (watermark_us == INT64_MIN) return "none";
  if (watermark_us == INT64_MAX) return "end";
  return data::to_string(data::Value(watermark_us), data::Type::timestamp(3));
}

// What is longer than the terminal is wide could not be written over.
std::string_view on_screen(std::string_view text) {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return text;
  return cut_to_width(text, size.ws_col - size_t{1});
}

}  // namespace

TerminalClient::TerminalClient(TerminalOptions options, const formats::Formats& formats)
    : options_(options), formats_(formats) {}

TerminalClient::~TerminalClient() {
  finish();
}

void TerminalClient::finish() {
  const std::lock_guard lock(mutex_);
  clear_progress();
  if (options_.look.format == OutputFormat::kJson) close_document();
  printer_.reset();
  options_.document = false;
  cancelled_ = false;
  flush_out();
}

void TerminalClient::close_document() {
  if (!in_document_ && !options_.document) return;
  if (printer_ != nullptr) printer_->finish();  // its statement has failed
  if (in_document_) {
    write_out(kJsonEnd);
  } else {
    write_out(kJsonEmpty);
  }
  in_document_ = false;
}

void TerminalClient::clear_progress() {
  if (!progress_shown_) return;
  write_err(kClearLine);
  progress_shown_ = false;
}

void TerminalClient::begin_result(const data::SchemaPtr& schema) {
  if (options_.look.format != OutputFormat::kJson) {
    printer_ = make_row_printer(options_.look, schema, formats_, [this](std::string_view text) {
      if (!cancelled_ || endless_) write_out(text);
    });
    return;
  }
  write_out(in_document_ ? kJsonBetween : kJsonBegin);
  in_document_ = true;
  printer_ = make_row_printer(options_.look, schema, formats_, write_out);
}

void TerminalClient::begin_rows(const data::SchemaPtr& schema, bool endless) {
  const std::lock_guard lock(mutex_);
  endless_ = endless;
  rows_printed_ = true;
  begin_result(schema);
}

void TerminalClient::rows(const data::Batch& batch) {
  const std::lock_guard lock(mutex_);
  clear_progress();
  printer_->rows(batch);
  if (!endless_) return;
  printer_->show();
  flush_out();
}

void TerminalClient::end_rows() {
  const std::lock_guard lock(mutex_);
  clear_progress();
  printer_->finish();
  flush_out();
  printer_.reset();
}

void TerminalClient::done(std::string_view tag) {
  const std::lock_guard lock(mutex_);
  clear_progress();
  rows_before_ = 0;
  progress_told_ = 0;
  const bool seen = std::exchange(rows_printed_, false);
  if (!options_.quiet && !seen) write_err(fmt::format("{}\n", tag));
}

void TerminalClient::notice(std::string_view text) {
  const std::lock_guard lock(mutex_);
  clear_progress();
  if (!options_.quiet) write_err(fmt::format("note: {}\n", text));
}

void TerminalClient::print(std::string_view line) {
  const std::lock_guard lock(mutex_);
  clear_progress();
  write_out(line);
}

void TerminalClient::progress(const session::Progress& progress) {
  if (!options_.progress) return;
  const std::lock_guard lock(mutex_);
  const bool brief = ++progress_told_ < kProgressFirst;
  const uint64_t before = std::exchange(rows_before_, progress.rows_in);
  if (brief) return;
  const double rate = before > progress.rows_in
                          ? 0.0
                          : static_cast<double>(progress.rows_in - before) * kProgressPerSecond;
  const std::string line =
      fmt::format("{} rows, {} rows/s, {} out, watermark {}, epoch {}, state {} entries, {} MiB",
                  with_commas(progress.rows_in), with_commas(static_cast<uint64_t>(rate)),
                  with_commas(progress.rows_out), watermark_text(progress.watermark),
                  progress.committed_epoch.value(), with_commas(progress.state_entries),
                  progress.state_bytes >> 20);
  write_err(fmt::format("{}{}", kClearLine, on_screen(line)));
  progress_shown_ = true;
}

}  // namespace millrace::cli
