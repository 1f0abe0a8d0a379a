#include "jobs/forwarding.h"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>

#include "base/hash.h"
#include "connectors/forward/outbox_sink.h"
#include "io/await.h"

namespace millrace::jobs {
namespace {

// Names an outbox in all the world: data directories may be made anew under the same names.
constexpr const char* kOutboxId = "millrace.outbox.id";
constexpr size_t kNameCharactersMax = 150;

uint64_t hash_of(std::string_view text) {
  return hash64(std::as_bytes(std::span(text.data(), text.size())));
}

std::string topic_name(std::string_view job, size_t ordinal) {
  std::string name(job.substr(0, kNameCharactersMax));
  std::ranges::replace_if(
      name,
      [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.';
      },
      '_');
  if (name != job) name += fmt::format("-{:016x}", hash_of(job));
  return fmt::format("__sink.{}.{}", name, ordinal);
}

// Counts answers; tells the first Error, or that all have come.
struct Gathered {
  std::mutex mutex;
  size_t missing = 0;
  io::Completion<Result<void>> done;

  void answer(Result<void> result) {
    io::Completion<Result<void>> call;
    {
      const std::lock_guard lock(mutex);
      --missing;
      if (!done || (result && missing > 0)) return;
      call = std::exchange(done, {});
    }
    call(std::move(result));
  }
};

}  // namespace

Result<commit::Topic> Forwarding::make_outbox(uint32_t partitions) {
  commit::Topics& topics = outside_.log.topics();
  const std::string name = topic_name(job_, forwarders_.size());
  if (auto there = topics.describe(name)) return there;
  const std::string id =
      fmt::format("{}/{}/{}", name, outside_.clock.wall_us(), outside_.clock.now().ns);
  MILLRACE_TRY(io::await<commit::TopicId>(outside_.threads, [&](auto done) {
    topics.create({.name = name,
                   .partitions = partitions,
                   .config = {{kOutboxId, fmt::format("{:016x}", hash_of(id))}}},
                  door_, std::move(done));
  }));
  return topics.describe(name);
}

Result<engine::PerShard<engine::Sink>> Forwarding::add(const connectors::Connector& connector,
                                                       connectors::SinkRequest request) {
  const commit::Topic outbox = MILLRACE_TRY(make_outbox(request.shards));
  request.outbox_id = outbox.config.at(kOutboxId);
  auto target = MILLRACE_TRY(connector.target(request, outside_));
  const int64_t buffer_bytes = request.options.bytes("sink.buffer.bytes");
  auto backlog = std::make_shared<connectors::Backlog>(buffer_bytes);
  const data::SchemaPtr schema = connectors::input_schema(request);
  forwarders_.push_back(std::make_unique<connectors::Forwarder>(std::move(target), outbox, schema,
                                                                backlog, outside_));
  return [outbox, schema, backlog](uint32_t shard) -> Result<std::unique_ptr<engine::Sink>> {
    return connectors::make_outbox_sink({outbox.id, shard % outbox.partitions}, schema, backlog);
  };
}

void Forwarding::start(const std::function<void(const Error&)>& failed) {
  for (const auto& forwarder : forwarders_) forwarder->start(failed);
}

void Forwarding::finish(io::Completion<Result<void>> done) {
  if (forwarders_.empty()) return done({});
  auto gathered = std::make_shared<Gathered>();
  gathered->missing = forwarders_.size();
  gathered->done = std::move(done);
  for (const auto& forwarder : forwarders_) {
    forwarder->finish([gathered](Result<void> result) { gathered->answer(std::move(result)); });
  }
}

// First the topic: a position without it is of no harm, a topic without its position is.
Result<void> Forwarding::forget() {
  for (const auto& forwarder : forwarders_) {
    MILLRACE_TRY(io::await<void>(outside_.threads, [&](auto done) {
      outside_.log.topics().remove(forwarder->outbox().id, door_, std::move(done));
    }));
    MILLRACE_TRY(forwarder->forget());
  }
  return {};
}

}  // namespace millrace::jobs
