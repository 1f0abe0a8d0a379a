#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::session {

class Client;
class ContinuousQuery;
struct Resources;

// The offset behind the `;` that ends the first statement of `text`; nullopt: it has not ended yet.
std::optional<size_t> find_statement_end(std::string_view text);

// Session: SQL text in, rows or a job out: the one entry that every door uses. Keeps settings, the
// name path and temporary tables.
//
// Threading:  execute from one thread, which is no executor's; request_stop from anywhere.
// Ownership:  resources outlive it.
// Failure:    the first statement that fails ends a script; what was done before it stays done.
class Session {
 public:
  explicit Session(const Resources& resources);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // All statements of a script, one after another: an INSERT over inputs that end finishes before
  // the next statement starts. `file_name` names the text in errors.
  Result<void> execute(std::string_view script, std::string_view file_name, Client& client);

  // One statement that runs on beside what follows, under a name that resumes it: INSERT, or
  // SUBSCRIBE (SELECT is taken as one), whose rows are told to `client` on the door's executor.
  // Failure: as execute; kNotSupported for other statements.
  Result<std::unique_ptr<ContinuousQuery>> launch(std::string_view statement,
                                                  std::string_view file_name, std::string name,
                                                  Client& client);

  // Ends what is running after it has committed what was read.
  void request_stop();

  // SET 'k' = 'v'. Failure: kUnknownSetting, kInvalidOptionValue.
  Result<void> set(std::string_view key, std::string_view value);

 private:
  class Execution;
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace millrace::session
