#include "cli/storage/repair_command.h"

#include <fmt/core.h>

#include "cli/output.h"
#include "cli/rows/result_tables.h"
#include "cli/storage/copy_watch.h"
#include "log/repair/repair.h"

namespace millrace::cli {
namespace {

std::string option_of(const log::RepairChoice& choice) {
  if (choice.from) return fmt::format("--give-up-from {}", choice.from->value());
  return choice.name.empty() ? std::string() : "--give-up " + choice.name;
}

ResultTable table_of(const std::vector<log::RepairChoice>& choices) {
  ResultTable table{.columns = {text_column("place"), text_column("damage"), text_column("choice"),
                                text_column("loses")},
                    .rows = {}};
  for (const log::RepairChoice& choice : choices) {
    table.rows.push_back({choice.place, choice.damage, option_of(choice), choice.loses});
  }
  return table;
}

// Of what is damaged now.
Result<void> show_choices(io::World world, const RepairCommandOptions& options,
                          OutputFormat format) {
  CopyWatch watch(world, "repair", {.progress = !options.quiet});
  const auto found = log::find_choices(
      world.files, {.data = options.data, .stop = watch.stop(), .watch = watch.watch()});
  watch.finish();
  if (!found) return found.error();
  if (found->empty()) {
    if (!options.quiet) write_err("nothing is damaged\n");
    return {};
  }
  const ResultTable table = table_of(*found);
  print_tables(format, std::span(&table, 1));
  flush_out();
  return Error(ErrorCode::kRingDamaged, fmt::format("{} {} damaged", found->size(),
                                                    found->size() == 1 ? "place is" : "places are"))
      .at(options.data)
      .remedy(
          "`millrace restore` brings a backup back, with everything. Without one, the same "
          "command with a choice of the table gives up what that loses, and keeps the rest.");
}

Result<void> give_up(io::World world, const RepairCommandOptions& options) {
  CopyWatch watch(world, "repair", {.progress = !options.quiet});
  log::RepairOptions chosen{
      .data = options.data, .names = options.give_up, .stop = watch.stop(), .watch = watch.watch()};
  if (options.give_up_from) chosen.from = commit::Lsn(*options.give_up_from);
  const auto done = log::repair(world.files, chosen);
  watch.finish();
  if (!done) return done.error();
  if (options.quiet) return {};
  for (const std::string& lost : done->given_up) write_err(fmt::format("gave up {}\n", lost));
  write_err(fmt::format("what was changed is kept as it was in {}\n", done->copy));
  return {};
}

Result<void> repair_and_tell(io::World world, const RepairCommandOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  if (options.give_up_from || !options.give_up.empty()) MILLRACE_TRY(give_up(world, options));
  return show_choices(world, options, format);
}

}  // namespace

ExitCode repair_log(io::World world, const RepairCommandOptions& options) {
  return conclude(repair_and_tell(world, options));
}

}  // namespace millrace::cli
