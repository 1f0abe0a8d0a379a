#include "cli/storage/restore_command.h"

#include <fmt/core.h>

#include "cli/output.h"
#include "cli/rows/result_tables.h"
#include "cli/storage/copy_watch.h"
#include "log/backup/restore.h"

namespace millrace::cli {
namespace {

Result<void> check_options(const RestoreCommandOptions& options) {
  if (options.data.empty() != options.verify_only) {
    return Error(ErrorCode::kInvalidOption, options.verify_only
                                                ? "nothing is written with --verify-only"
                                                : "it is not said where to restore to")
        .at("--data")
        .remedy("Give either --data DIR or --verify-only.");
  }
  return {};
}

Result<void> restore_and_tell(io::World world, const RestoreCommandOptions& options) {
  MILLRACE_TRY(check_options(options));
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  CopyWatch watch(world, options.verify_only ? "verify" : "restore",
                  {.progress = !options.quiet, .rate_mib = options.rate_mib});
  const log::RestoreOptions chosen{
      .from = options.from, .data = options.data, .stop = watch.stop(), .watch = watch.watch()};
  const auto done =
      options.verify_only ? log::verify_backup(world, chosen) : log::restore(world, chosen);
  watch.finish();
  if (!done) return done.error();
  const auto number = [](uint64_t value) { return static_cast<int64_t>(value); };
  const ResultTable table{
      .columns = {number_column("lsn"), text_column("made"), text_column("program"),
                  number_column("topics"), number_column("partitions"), number_column("jobs"),
                  number_column("files"), number_column("bytes"), number_column("ms")},
      .rows = {{number(done->lsn.value()), moment_text(done->made_us), done->program,
                number(done->topics), number(done->partitions), number(done->jobs),
                number(done->files.size()), number(done->bytes()), watch.elapsed_ms()}}};
  print_tables(format, std::span(&table, 1));
  if (options.quiet || options.verify_only) return {};
  write_err(fmt::format("restored; start it with: millrace server --data {}\n", options.data));
  return {};
}

}  // namespace

ExitCode restore(io::World world, const RestoreCommandOptions& options) {
  return conclude(restore_and_tell(world, options));
}

}  // namespace millrace::cli
