#include "log/calls/ring_proposals.h"

#include "log/calls/reply.h"

namespace millrace::log {

void RingProposals::propose_here(std::vector<commit::Command> commands,
                                 std::move_only_function<void(Result<commit::Lsn>)> done) {
  Submission submission;
  submission.entry.type = EntryType::kMeta;
  submission.set_body({encode(commands)});
  if (submission.body_bytes > writer_.body_bytes_max()) {
    return done(Error(ErrorCode::kRecordTooLarge, "the proposal is larger than the log takes"));
  }
  submission.cut_body(writer_.group_bytes_max());
  submission.entry.detail = LogEntry::Meta{std::move(commands)};
  submission.done = [done = std::move(done)](Result<void> result, LogEntry& entry) mutable {
    done(result ? Result<commit::Lsn>(entry.lsn) : Result<commit::Lsn>(std::move(result.error())));
  };
  writer_.submit(Lane::kUnit, std::move(submission));
}

void RingProposals::propose(std::vector<commit::Command> commands, io::Executor& executor,
                            io::Completion<Result<commit::Lsn>> done) {
  propose_here(std::move(commands),
               [&executor, done = std::move(done)](Result<commit::Lsn> lsn) mutable {
                 reply(executor, std::move(done), std::move(lsn));
               });
}

uint64_t RingProposals::version(std::string_view machine) const {
  const auto found = ledger_.machines().find(machine);
  return found == ledger_.machines().end() ? 0
                                           : found->second.version.load(std::memory_order_relaxed);
}

void RingTopics::create(commit::TopicSpec spec, io::Executor& executor,
                        io::Completion<Result<commit::TopicId>> done) {
  proposals_.propose_here(
      {commit::create_topic_command(spec)},
      [this, &executor, name = spec.name, done = std::move(done)](Result<commit::Lsn> lsn) mutable {
        if (!lsn) {
          return reply<commit::TopicId>(executor, std::move(done), std::move(lsn.error()));
        }
        auto topic = ledger_.topics().find(name);
        reply<commit::TopicId>(executor, std::move(done),
                               topic ? Result<commit::TopicId>(topic->id)
                                     : Result<commit::TopicId>(std::move(topic.error())));
      });
}

void RingTopics::remove(commit::TopicId topic, io::Executor& executor,
                        io::Completion<Result<void>> done) {
  proposals_.propose_here({commit::delete_topic_command(topic)},
                          [&executor, done = std::move(done)](Result<commit::Lsn> lsn) mutable {
                            reply<void>(
                                executor, std::move(done),
                                lsn ? Result<void>() : Result<void>(std::move(lsn.error())));
                          });
}

Result<commit::Topic> RingTopics::describe(std::string_view name) {
  return ledger_.topics().find(name);
}

Result<commit::Topic> RingTopics::describe(commit::TopicId topic) {
  return ledger_.topics().find(topic);
}

std::vector<commit::Topic> RingTopics::list() {
  return ledger_.topics().list();
}

commit::TopicChanges RingTopics::changes(uint64_t moment) {
  return ledger_.topics().changes(moment);
}

void RingTopics::set_defaults(commit::TopicDefaults defaults) {
  ledger_.topics().set_defaults(defaults);
  on_defaults_();
}

}  // namespace millrace::log
