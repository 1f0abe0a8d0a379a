#pragma once

#include <memory>

#include "cli/data_folder.h"
#include "cli/interrupt.h"
#include "cli/run_command.h"
#include "cli/terminal_client.h"
#include "node/node.h"

namespace millrace::cli {

// Embedded: a node in this process with one session and the terminal as its client.
//
// Threading:  one thread, which is no executor's.
// Failure:    open: what the data directory says; a setting that is none.
class Embedded {
 public:
  // `always_execute`: as session::Resources.
  static Result<std::unique_ptr<Embedded>> open(io::World world, const RunOptions& options,
                                                TerminalOptions terminal, bool always_execute);

  // The statements of a text; `name` stands in errors.
  // Failure: as session::Session::execute; kCancelled where a signal came in the middle.
  Result<void> execute(std::string_view text, std::string_view name);

  // Whether SIGTERM or SIGHUP came while something was executed.
  bool told_to_end() const { return told_to_end_; }

  session::Session& session() { return *session_; }
  TerminalClient& client() { return *client_; }
  const formats::Formats& formats() const { return node_->formats(); }
  io::World world() const { return world_; }
  // Where log and state are.
  const DataFolder& folder() const { return folder_; }

 private:
  Embedded(io::World world, DataFolder folder) : world_(world), folder_(std::move(folder)) {}

  const io::World world_;
  DataFolder folder_;
  std::unique_ptr<TerminalClient> client_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<session::Session> session_;
  bool told_to_end_ = false;
};

}  // namespace millrace::cli
