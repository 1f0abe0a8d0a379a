#pragma once

#include <string>
#include <string_view>

#include "cli/embedded.h"
#include "cli/shell/shell_commands.h"

namespace millrace::cli {

// ShellSession: carries out what a shell is told: statements, scripts, backslash commands.
//
// Threading:  one thread. Ownership: `embedded` outlives it.
// Failure:    the first error ends a text; what stands behind it in a line that was fed is still
//             pending, and feeding nothing goes on with it.
class ShellSession {
 public:
  // `by_hand`: each statement's output is whole by itself.
  ShellSession(Embedded& embedded, bool by_hand) : embedded_(embedded), by_hand_(by_hand) {}

  // Takes a line; carries out every statement that it ends. `name` and `line` say in errors where
  // it came from.
  Result<void> feed(std::string_view text, std::string_view name, size_t line);
  // Carries out what has no semicolon.
  Result<void> finish(std::string_view name);
  // Forgets what has no semicolon.
  void forget() { pending_.clear(); }
  // What has no semicolon yet.
  const std::string& pending() const { return pending_; }
  // The newest statement or command since the last call: what a history remembers.
  std::string take_typed() { return std::exchange(typed_, {}); }
  // Whether \q was told.
  bool left() const { return left_; }

  // A whole script: its statements at once, as `run` does, but for backslash commands between them.
  Result<void> run_script(std::string_view text, std::string_view name);

 private:
  Result<void> execute(std::string text, std::string_view name, size_t line);
  Result<void> run_line(std::string_view text);
  Result<void> carry_out(const ShellLine& line);
  Result<void> show_relations();
  Result<void> show_definition(const std::string& name);
  Result<void> show_functions(std::string pattern);
  Result<void> include(const std::string& path);
  Result<void> watch(const std::string& seconds);
  Result<void> set_expanded(const std::string& value);
  Result<void> set_timing(const std::string& value);
  Result<void> set_format(const std::string& value);
  Result<void> explain(const std::string& word);

  Embedded& embedded_;
  const bool by_hand_;
  std::string pending_;
  size_t pending_line_ = 1;
  std::string newest_;  // what \watch repeats
  std::string typed_;
  bool timing_ = false;
  bool left_ = false;
  int depth_ = 0;  // of scripts that include each other
};

}  // namespace millrace::cli
