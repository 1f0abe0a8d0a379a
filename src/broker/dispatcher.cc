#include "broker/dispatcher.h"

#include <fmt/core.h>

#include "kafka/messages/api_versions.h"

namespace millrace::broker {
namespace {

Error refused(const kafka::Request& request, std::string_view why) {
  const kafka::RequestHeader& header = request.header;
  return Error(ErrorCode::kMalformedRequest,
               fmt::format("API {} in version {} {}", header.api_key, header.version, why))
      .at(header.client_id ? "client " + *header.client_id : "")
      .remedy("Ask ApiVersions for what is served.");
}

}  // namespace

Dispatcher::Dispatcher(std::vector<std::unique_ptr<Handler>> handlers, ClientQuotas* quotas)
    : quotas_(quotas) {
  std::vector<int16_t> keys;
  for (auto& handler : handlers) {
    const int16_t key = handler->key();
    keys.push_back(key);
    handlers_.emplace(key, std::move(handler));
  }
  counters_ = std::make_unique<ApiCounters>(keys);
}

int64_t Dispatcher::dispatch(Call call, Buffer frame, Respond respond) const {
  const size_t request_bytes = frame.bytes();
  auto request = kafka::read_request(std::move(frame));
  if (!request) {
    counters_->count_refused();
    respond(std::move(request).error());
    return 0;
  }
  const auto found = handlers_.find(request->header.api_key);
  if (request->api == nullptr || found == handlers_.end()) {
    counters_->count_refused();
    respond(refused(*request, "is not known here"));
    return 0;
  }
  const bool asks_versions = request->header.api_key == kafka::ApiVersionsRequest::kKey;
  if (!request->api->served.contains(request->header.version) && !asks_versions) {
    counters_->count_refused();
    respond(refused(*request, "is not served"));
    return 0;
  }
  call.header = std::move(request->header);
  if (quotas_ != nullptr) call.toll = quotas_->toll(call.header, request_bytes);
  const TollPtr toll = call.toll;
  call.counter = counters_->find(call.header.api_key);
  call.counter->begin(request_bytes);
  const Counted counted{call.counter, call.executor->now()};
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  found->second->handle_body(std::move(call), std::move(request->body),
                             [this, counted, respond = std::move(respond)](Answer answer) mutable {
                               answer.counted = counted;
                               if (std::holds_alternative<Error>(answer))
                                 counters_->count_refused();
                               respond(std::move(answer));
                               in_flight_.fetch_sub(1, std::memory_order_release);
                             });
  if (toll == nullptr) return 0;
  toll->worked();
  return toll->due_ms();
}

}  // namespace millrace::broker
