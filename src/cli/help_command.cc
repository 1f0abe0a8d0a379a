#include "cli/help_command.h"

#include <fmt/core.h>

#include <charconv>

#include "cli/terminal_client.h"

namespace millrace::cli {
namespace {

std::string_view blame_text(Blame blame) {
  switch (blame) {
    case Blame::kUser:
      return "The statement, option or command is to be changed.";
    case Blame::kData:
      return "A row is the cause; the job goes on, and sys.errors holds the row.";
    case Blame::kSystem:
      return "The machine, its disk or its memory is the cause.";
    case Blame::kBug:
      return "Millrace is the cause: please report it with the statement.";
  }
  return {};
}

}  // namespace

ExitCode explain_error(std::string_view code) {
  int number = 0;
  const std::string_view digits = code.substr(3);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const ErrorInfo* info = find_error(number);
  if (info == nullptr) {
    return report(Error(ErrorCode::kInvalidOption, fmt::format("there is no error {}", code))
                      .remedy("Codes look like MR-2006."));
  }
  write_out(fmt::format("MR-{} {}\n\n{}\n{}\nSQLSTATE {}, HTTP status {}\n", number, info->name,
                        info->meaning, blame_text(info->blame), info->sqlstate, info->http_status));
  return ExitCode::kOk;
}

}  // namespace millrace::cli
