#include "cli/storage/log_command.h"

#include <fmt/core.h>

#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/rows/result_tables.h"
#include "cli/storage/copy_watch.h"
#include "log/inspect/dump.h"
#include "log/inspect/verify.h"

namespace millrace::cli {
namespace {

int64_t number(uint64_t value) {
  return static_cast<int64_t>(value);
}

std::vector<data::Value> part_row(const char* name, const log::VerifiedPart& part) {
  return {std::string(name), number(part.files), number(part.bytes), number(part.entries),
          number(part.records)};
}

std::vector<ResultTable> tables_of(const log::Verification& found) {
  std::vector<ResultTable> tables;
  tables.push_back({.columns = {text_column("part"), number_column("files"), number_column("bytes"),
                                number_column("entries"), number_column("records")},
                    .rows = {part_row("checkpoint", found.checkpoints),
                             part_row("segments", found.segments), part_row("ring", found.ring)}});
  if (found.damages.empty()) return tables;
  ResultTable damages{
      .columns = {text_column("place"), text_column("damage"), text_column("concerns")},
      .rows = {}};
  for (const log::Damage& damage : found.damages) {
    damages.rows.push_back({damage.place, damage.what, damage.concerns});
  }
  tables.push_back(std::move(damages));
  return tables;
}

Result<void> verify_and_tell(io::World world, const LogCommandOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  CopyWatch watch(world, "verify", {.progress = !options.quiet});
  const auto show = watch.watch();
  const auto tell = [&show, stop = watch.stop()](uint64_t bytes) -> Result<void> {
    show({.bytes = bytes});
    if (!stop.stop_requested()) return {};
    return Error(ErrorCode::kCancelled, "verifying was interrupted");
  };
  const auto found = log::verify(world.files, {.data = options.data, .watch = tell});
  watch.finish();
  if (!found) return found.error();
  print_tables(format, tables_of(*found));
  flush_out();
  for (const std::string& note : found->notes) write_err(fmt::format("note: {}\n", note));
  const size_t count = found->damages.size();
  if (count > 0) {
    return Error(ErrorCode::kRingDamaged,
                 fmt::format("{} {} damaged", count, count == 1 ? "place is" : "places are"))
        .at(options.data)
        .remedy(
            "`millrace restore` brings a backup back; `millrace log repair` shows what can be "
            "given "
            "up instead.");
  }
  if (!options.quiet) {
    write_err(fmt::format("nothing is damaged, up to LSN {}\n",
                          std::max(found->last, found->settled).value()));
  }
  return {};
}

Result<ResultTable> ring_table(io::World world, const log::DumpOptions& options) {
  ResultTable table{
      .columns = {number_column("lsn"), text_column("type"), number_column("bytes"),
                  number_column("records"), text_column("concerns"), number_column("generation"),
                  number_column("durable"), text_column("body"), text_column("place")},
      .rows = {}};
  MILLRACE_TRY(
      log::dump_ring(world.files, options, [&](const log::DumpedEntry& entry) -> Result<void> {
        table.rows.push_back({number(entry.lsn), std::string(entry.type), number(entry.bytes),
                              number(entry.records), entry.concerns,
                              static_cast<int64_t>(entry.generation), number(entry.durable),
                              std::string(entry.good ? "good" : "DAMAGED"), entry.place});
        return {};
      }));
  return table;
}

Result<ResultTable> checkpoint_table(io::World world, const log::DumpOptions& options) {
  ResultTable table{.columns = {text_column("kind"), text_column("name"), text_column("holds")},
                    .rows = {}};
  MILLRACE_TRY(
      log::dump_checkpoint(world.files, options, [&](const log::DumpedItem& item) -> Result<void> {
        table.rows.push_back({std::string(item.kind), item.name, item.holds});
        return {};
      }));
  return table;
}

// What stands before a damaged place is shown, and then the damage.
Result<ResultTable> segment_table(io::World world, const log::DumpOptions& options,
                                  const std::string& name, std::optional<Error>& damage) {
  ResultTable table{
      .columns = {text_column("kind"), text_column("concerns"), number_column("first"),
                  number_column("records"), number_column("bytes"), text_column("place")},
      .rows = {}};
  const auto dumped = log::dump_segment(
      world.files, options, name, [&](const log::DumpedFrame& frame) -> Result<void> {
        table.rows.push_back({std::string(frame.kind), frame.concerns, frame.first,
                              number(frame.records), number(frame.bytes), frame.place});
        return {};
      });
  if (!dumped && table.rows.empty()) return dumped.error();
  if (!dumped) damage = dumped.error();
  return table;
}

Result<void> dump_and_tell(io::World world, const LogCommandOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  const log::DumpOptions chosen{.data = options.data, .from = options.from, .to = options.to};
  std::optional<Error> damage;
  const ResultTable table = MILLRACE_TRY(options.part == "ring" ? ring_table(world, chosen)
                                         : options.part == "checkpoint"
                                             ? checkpoint_table(world, chosen)
                                             : segment_table(world, chosen, options.part, damage));
  print_tables(format, std::span(&table, 1));
  if (damage) return std::move(*damage);
  return {};
}

}  // namespace

ExitCode verify_log(io::World world, const LogCommandOptions& options) {
  return conclude(verify_and_tell(world, options));
}

ExitCode dump_log(io::World world, const LogCommandOptions& options) {
  return conclude(dump_and_tell(world, options));
}

}  // namespace millrace::cli
