#include "broker/propose_each.h"

#include <utility>

#include "broker/gather.h"

namespace millrace::broker {
namespace {

Result<void> without_place(Result<commit::Lsn> written) {
  if (!written) return std::move(written).error();
  return {};
}

void propose_apart(commit::Proposals& proposals, std::vector<commit::Command> commands,
                   io::Executor& executor, io::Completion<std::vector<Result<void>>> done) {
  Gather<Result<void>> answers(std::move(done));
  for (commit::Command& command : commands) {
    proposals.propose({std::move(command)}, executor,
                      [answer = answers.place()](Result<commit::Lsn> written) mutable {
                        answer(without_place(std::move(written)));
                      });
  }
  answers.start();
}

}  // namespace

void propose_each(commit::Proposals& proposals, std::vector<commit::Command> commands,
                  io::Executor& executor, io::Completion<std::vector<Result<void>>> done) {
  if (commands.size() < 2) {
    return propose_apart(proposals, std::move(commands), executor, std::move(done));
  }
  std::vector<commit::Command> together = commands;
  proposals.propose(std::move(together), executor,
                    [&proposals, &executor, commands = std::move(commands),
                     done = std::move(done)](Result<commit::Lsn> written) mutable {
                      if (written) return done(std::vector<Result<void>>(commands.size()));
                      propose_apart(proposals, std::move(commands), executor, std::move(done));
                    });
}

}  // namespace millrace::broker
