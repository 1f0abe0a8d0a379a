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

}  // namespace millrace::broker
