#pragma once

#include "cli/shell/completion.h"
#include "session/session.h"

namespace millrace::cli {

// A statement's rows as texts, or its error.
Result<std::vector<std::vector<std::string>>> collect_rows(session::Session& session,
                                                           const std::string& statement);

// ShellNames: what the session knows, asked in SQL when it is needed.
//
// Threading: one thread, the session's. Ownership: the session outlives it.
class ShellNames final : public NameSource {
 public:
  explicit ShellNames(session::Session& session) : session_(session) {}
  std::vector<std::string> tables() override;
  std::vector<std::string> columns(const std::string& table) override;
  std::vector<std::string> functions() override;
  std::vector<std::string> settings() override;

 private:
  std::vector<std::string> first_column(const std::string& statement);

  session::Session& session_;
  std::vector<std::string> functions_;
};

}  // namespace millrace::cli
