#include "broker/handlers/alter_configs.h"

#include <utility>

namespace millrace::broker {
namespace {

template <class Request>
std::vector<ResourceChange> changes_of(const Request& request) {
  std::vector<ResourceChange> changes;
  for (const auto& resource : request.resources) {
    auto& change = changes.emplace_back();
    change.type = resource.resource_type;
    change.name = resource.resource_name;
    for (const auto& config : resource.configs) {
      auto& one = change.changes.emplace_back();
      one.name = config.name;
      one.value = config.value;
      if constexpr (requires { config.op; }) one.kind = config.op;
    }
  }
  return changes;
}

template <class Response, class Request>
void write(SettingsWriter& writer, io::Executor& executor, Request request,
           std::vector<ResourceChange> changes, Reply<Response> reply) {
  const bool validate_only = request.validate_only;
  writer.write(std::move(changes), validate_only, executor,
               [request = std::move(request),
                reply = std::move(reply)](std::vector<Refusal> refusals) mutable {
                 Response response;
                 for (size_t index = 0; index < refusals.size(); ++index) {
                   auto& answer = response.resources.emplace_back();
                   answer.resource_type = request.resources[index].resource_type;
                   answer.resource_name = std::move(request.resources[index].resource_name);
                   refusals[index].put(answer);
                 }
                 reply.send(response);
               });
}

}  // namespace

void AlterConfigsHandler::handle(Call call, Request request, Reply<Response> reply) {
  std::vector<ResourceChange> changes = changes_of(request);
  for (ResourceChange& change : changes) change.replaces = true;
  write(writer_, *call.executor, std::move(request), std::move(changes), std::move(reply));
}

void IncrementalAlterConfigsHandler::handle(Call call, Request request, Reply<Response> reply) {
  std::vector<ResourceChange> changes = changes_of(request);
  write(writer_, *call.executor, std::move(request), std::move(changes), std::move(reply));
}

}  // namespace millrace::broker
