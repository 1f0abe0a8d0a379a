#include "cli/test_command.h"

#include <fmt/core.h>

#include "cli/output.h"
#include "io/file_system.h"
#include "slt/run_file.h"
#include "slt/test_world.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kEnding = ".slt";

Result<void> find_files(io::FileSystem& files, const std::string& path,
                        std::vector<std::string>& found) {
  const io::FileStat stat = MILLRACE_TRY(files.stat(path));
  if (!stat.is_folder) {
    found.push_back(path);
    return {};
  }
  const auto names = MILLRACE_TRY(files.list(path));
  for (const std::string& name : names) {
    const std::string inner = io::join_path(path, name);
    const io::FileStat below = MILLRACE_TRY(files.stat(inner));
    if (below.is_folder || name.ends_with(kEnding)) MILLRACE_TRY(find_files(files, inner, found));
  }
  return {};
}

Result<std::vector<slt::TestFile>> read_files(io::FileSystem& files, const TestOptions& options) {
  std::vector<std::string> paths;
  for (const std::string& path : options.paths) MILLRACE_TRY(find_files(files, path, paths));
  if (paths.empty()) {
    return Error(ErrorCode::kFileNotFound, "there is no .slt file here").at(options.paths.front());
  }
  std::vector<slt::TestFile> found;
  for (const std::string& path : paths) {
    const Buffer text = MILLRACE_TRY(io::read_file(files, path));
    found.push_back({path, std::string(text.view())});
  }
  return found;
}

Result<std::vector<slt::TestWorld>> read_worlds(io::FileSystem& files, const TestOptions& options) {
  std::vector<slt::TestWorld> worlds;
  for (const std::string& path : options.worlds) {
    const Buffer text = MILLRACE_TRY(io::read_file(files, path));
    worlds.push_back(MILLRACE_TRY(slt::parse_world(text.view(), path)));
  }
  if (worlds.empty()) worlds.emplace_back();
  return worlds;
}

Result<slt::Tally> run_all(io::World world, const TestOptions& options) {
  const auto files = MILLRACE_TRY(read_files(world.files, options));
  const auto worlds = MILLRACE_TRY(read_worlds(world.files, options));
  slt::Tally tally;
  for (const slt::TestWorld& test_world : worlds) {
    for (const slt::TestFile& file : files) {
      tally.add(slt::run_file(file, test_world, options.seed, write_out));
    }
  }
  return tally;
}

}  // namespace

ExitCode test(io::World world, const TestOptions& options) {
  const auto tally = run_all(world, options);
  if (!tally) return report(tally.error());
  std::string text = fmt::format("{} passed, {} failed", tally->passed, tally->failed);
  if (tally->skipped > 0) text += fmt::format(", {} skipped", tally->skipped);
  write_out(text + "\n");
  return tally->failed > 0 ? ExitCode::kTestFailed : ExitCode::kOk;
}

}  // namespace millrace::cli
