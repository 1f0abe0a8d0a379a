#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/exit_code.h"
#include "cli/kafka_client/kafka_handle.h"
#include "cli/target.h"

namespace millrace::cli {

// AdminClient: what a command of administration speaks to, reached.
struct AdminClient {
  Target target;
  std::unique_ptr<KafkaHandle> handle;

  static Result<AdminClient> open(io::World world, const TargetOptions& options);
};

// Does `what` for each name, says on stderr what was done or why not, and returns the exit code of
// the first failure.
ExitCode for_each_name(const std::vector<std::string>& names,
                       const std::function<Result<std::string>(const std::string&)>& what);

// What -o and --only say of a command that prints tables with these names.
// Failure: kInvalidOption with the nearest.
Result<void> check_only(const std::string& only, const std::vector<std::string_view>& tables);

// Asks on a terminal; where nobody can be asked, or `yes` says it already, the answer is yes.
bool confirmed(const std::string& question, bool yes);

}  // namespace millrace::cli
