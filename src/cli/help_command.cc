#include "cli/help_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/nearest.h"
#include "cli/error_guide.h"
#include "cli/help_options.h"
#include "cli/output.h"

namespace millrace::cli {
namespace {

std::string_view blame_text(Blame blame) {
  switch (blame) {
    case Blame::kUser:
      return "Cause: the statement, option or command.";
    case Blame::kData:
      return "Cause: a row. By default the job goes on and sys.errors holds the row.";
    case Blame::kSystem:
      return "Cause: the machine, its disk or its memory.";
    case Blame::kBug:
      return "Cause: Millrace. Please report it with the statement.";
  }
  return {};
}

// The digits of "MR-2006", "mr-2006" or "2006"; nullopt: it does not look like a code.
std::optional<std::string_view> digits_of(std::string_view word) {
  const bool prefixed = word.starts_with("MR-") || word.starts_with("mr-");
  if (prefixed) return word.substr(3);
  const bool number = !word.empty() && word.find_first_not_of("0123456789") == word.npos;
  return number ? std::optional(word) : std::nullopt;
}

ExitCode explain_error(const std::string& word, std::string_view digits) {
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  const ErrorInfo* info = whole ? find_error(number) : nullptr;
  if (info == nullptr) {
    return report(Error(ErrorCode::kInvalidOption, fmt::format("there is no error {}", word))
                      .remedy("A message begins with its code, such as MR-2006."));
  }
  write_out(fmt::format("MR-{} {}\n\n{} {}\n\n{}\n\nSQLSTATE {}, HTTP status {}\n", number,
                        info->name, info->meaning, blame_text(info->blame), error_guide(info->code),
                        info->sqlstate, info->http_status));
  return ExitCode::kOk;
}

}  // namespace

std::optional<ExitCode> explain_word(const std::string& word) {
  if (const auto digits = digits_of(word)) return explain_error(word, *digits);
  return explain_options(word);
}

ExitCode unknown_word(const std::string& word, std::vector<std::string> commands) {
  std::ranges::copy(explained_options(), std::back_inserter(commands));
  const std::vector<std::string_view> known(commands.begin(), commands.end());
  const std::string_view near = nearest_name(word, known);
  std::string all;
  for (const std::string& name : commands) all += (all.empty() ? "" : ", ") + name;
  return report(Error(ErrorCode::kInvalidOption, fmt::format("there is no help for '{}'", word))
                    .remedy(near.empty()
                                ? fmt::format("Known are: {}, and the code of an error.", all)
                                : fmt::format("Did you mean '{}'?", near)));
}

}  // namespace millrace::cli
