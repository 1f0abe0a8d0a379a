#include "cli/terminal_client.h"

#include <fmt/core.h>

#include <cstdio>

#include "base/assert.h"
#include "base/number_text.h"
#include "data/datetime_text.h"
#include "data/value.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[K";
constexpr double kProgressPerSecond = 5.0;

std::string watermark_text(int64_t watermark_us) {
  if (watermark_us == INT64_MIN) return "none";
  if (watermark_us == INT64_MAX) return "end";
  return data::to_string(data::Value(watermark_us), data::Type::timestamp(3));
}

}  // namespace

void write_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void write_err(std::string_view text) {
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

TerminalClient::TerminalClient(TerminalOptions options, const formats::Formats& formats)
    : options_(options), formats_(formats) {}

TerminalClient::~TerminalClient() {
  clear_progress();
  std::fflush(stdout);
}

void TerminalClient::clear_progress() {
  if (!progress_shown_) return;
  write_err(kClearLine);
  progress_shown_ = false;
}

void TerminalClient::begin_rows(const data::SchemaPtr& schema, bool endless) {
  endless_ = endless;
  auto printer = make_row_printer(options_.format, schema, formats_, write_out);
  MILLRACE_ASSERT(printer.has_value());
  printer_ = std::move(*printer);
}

void TerminalClient::rows(const data::Batch& batch) {
  clear_progress();
  printer_->rows(batch);
  if (!endless_) return;
  printer_->show();
  std::fflush(stdout);
}

void TerminalClient::end_rows() {
  clear_progress();
  printer_->finish();
  std::fflush(stdout);
  printer_.reset();
}

void TerminalClient::done(std::string_view tag) {
  clear_progress();
  rows_before_ = 0;
  if (!options_.quiet) write_err(fmt::format("{}\n", tag));
}

void TerminalClient::notice(std::string_view text) {
  clear_progress();
  if (!options_.quiet) write_err(fmt::format("note: {}\n", text));
}

void TerminalClient::progress(const session::Progress& progress) {
  if (!options_.progress) return;
  const uint64_t before = std::exchange(rows_before_, progress.rows_in);
  const double rate = before > progress.rows_in
                          ? 0.0
                          : static_cast<double>(progress.rows_in - before) * kProgressPerSecond;
  write_err(
      fmt::format("{}{} rows, {} rows/s, {} out, watermark {}, epoch {}, state {} "
                  "entries, {} MiB",
                  kClearLine, with_commas(progress.rows_in),
                  with_commas(static_cast<uint64_t>(rate)), with_commas(progress.rows_out),
                  watermark_text(progress.watermark), progress.committed_epoch.value(),
                  with_commas(progress.state_entries), progress.state_bytes >> 20));
  progress_shown_ = true;
}

}  // namespace millrace::cli
