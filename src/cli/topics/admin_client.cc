#include "cli/topics/admin_client.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/nearest.h"
#include "cli/output.h"

namespace millrace::cli {

Result<AdminClient> AdminClient::open(io::World world, const TargetOptions& options) {
  AdminClient client{.target = MILLRACE_TRY(Target::open(world, options)), .handle = nullptr};
  client.handle = MILLRACE_TRY(KafkaHandle::open(world.clock, client.target.client(), {}));
  MILLRACE_TRY(client.handle->reach());
  return client;
}

ExitCode for_each_name(const std::vector<std::string>& names,
                       const std::function<Result<std::string>(const std::string&)>& what) {
  ExitCode code = ExitCode::kOk;
  for (const std::string& name : names) {
    const auto done = what(name);
    if (done) {
      write_err(fmt::format("{}\n", *done));
      continue;
    }
    const ExitCode failed = report(done.error());
    if (code == ExitCode::kOk) code = failed;
  }
  return code;
}

Result<void> check_only(const std::string& only, const std::vector<std::string_view>& tables) {
  if (only.empty() || std::ranges::find(tables, only) != tables.end()) return {};
  return Error(ErrorCode::kInvalidOption, fmt::format("there is no part '{}'", only))
      .at("--only")
      .remedy(nearest_remedy(only, tables));
}

bool confirmed(const std::string& question, bool yes) {
  if (yes || isatty(STDIN_FILENO) == 0) return true;
  write_err(question + " [y/N] ");
  const int first = std::getchar();
  for (int next = first; next != '\n' && next != EOF;) next = std::getchar();
  if (first == EOF) write_err("\n");
  return first == 'y' || first == 'Y';
}

}  // namespace millrace::cli
