#include "broker/handlers/log_dirs.h"

#include <utility>

#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

void AlterReplicaLogDirsHandler::handle(Call, Request request, Reply<Response> reply) {
  const std::string folder = settings_.text("log.dirs");
  Response response;
  for (const Request::Folder& wanted : request.dirs) {
    for (const Request::Topic& topic : wanted.topics) {
      const KnownTopicPtr known = topics_.find(topic.name);
      auto& answer = response.topics.emplace_back();
      answer.name = topic.name;
      for (const int32_t index : topic.partitions) {
        ProtocolError error = ProtocolError::kNone;
        if (wanted.dir != folder) {
          error = ProtocolError::kLogDirNotFound;
        } else if (known == nullptr || !known->has(index)) {
          error = ProtocolError::kUnknownTopicOrPartition;
        }
        answer.partitions.push_back({.index = index, .error_code = code_of(error)});
      }
    }
  }
  reply.send(response);
}

void DescribeLogDirsHandler::describe(const KnownTopic& topic, int32_t index,
                                      Response::Topic& to) const {
  // Nothing is said of what is not there.
  if (!topic.has(index)) return;
  const auto size = reader_.size(topic.partition(index));
  if (!size) return;
  to.partitions.push_back(
      {.index = index, .size = static_cast<int64_t>(size->ring_bytes + size->file_bytes)});
}

void DescribeLogDirsHandler::handle(Call, Request request, Reply<Response> reply) {
  Response response;
  auto& folder = response.dirs.emplace_back();
  folder.dir = settings_.text("log.dirs");
  if (disk_space_) {
    if (const auto space = disk_space_(folder.dir)) {
      folder.total_bytes = static_cast<int64_t>(space->bytes);
      folder.usable_bytes = static_cast<int64_t>(space->free_bytes);
    }
  }
  const auto begin = [&](const KnownTopic& topic) -> Response::Topic& {
    auto& to = folder.topics.emplace_back();
    to.name = topic.topic.name;
    return to;
  };
  if (!request.topics) {
    for (const KnownTopicPtr& topic : topics_.list()) {
      auto& to = begin(*topic);
      for (uint32_t index = 0; index < topic->topic.partitions; ++index) {
        describe(*topic, static_cast<int32_t>(index), to);
      }
    }
    return reply.send(response);
  }
  for (const Request::Topic& wanted : *request.topics) {
    const KnownTopicPtr topic = topics_.find(wanted.name);
    if (topic == nullptr) continue;
    auto& to = begin(*topic);
    for (const int32_t index : wanted.partitions) describe(*topic, index, to);
  }
  reply.send(response);
}

}  // namespace millrace::broker
