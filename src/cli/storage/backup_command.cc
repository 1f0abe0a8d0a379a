#include "cli/storage/backup_command.h"

#include <fmt/core.h>

#include "cli/output.h"
#include "cli/rows/result_tables.h"
#include "cli/storage/copy_watch.h"
#include "cli/version.h"
#include "log/backup/backup.h"

namespace millrace::cli {
namespace {

int64_t number(uint64_t value) {
  return static_cast<int64_t>(value);
}

Result<void> back_up_and_tell(io::World world, const BackupCommandOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  CopyWatch watch(world, "backup", {.progress = !options.quiet, .rate_mib = options.rate_mib});
  const auto outcome = log::back_up(world, {.data = options.data,
                                            .to = options.to,
                                            .program = std::string(version().number),
                                            .stop = watch.stop(),
                                            .watch = watch.watch()});
  watch.finish();
  if (!outcome) return outcome.error();
  const log::BackupManifest& manifest = outcome->manifest;
  const ResultTable table{
      .columns = {number_column("lsn"), number_column("topics"), number_column("partitions"),
                  number_column("jobs"), number_column("files"), number_column("bytes"),
                  number_column("copied_bytes"), number_column("ms")},
      .rows = {{number(manifest.lsn.value()), number(manifest.topics), number(manifest.partitions),
                number(manifest.jobs), number(manifest.files.size()), number(manifest.bytes()),
                number(outcome->copied_bytes), watch.elapsed_ms()}}};
  print_tables(format, std::span(&table, 1));
  return {};
}

}  // namespace

ExitCode back_up(io::World world, const BackupCommandOptions& options) {
  return conclude(back_up_and_tell(world, options));
}

}  // namespace millrace::cli
