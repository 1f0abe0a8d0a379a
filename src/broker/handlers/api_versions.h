#pragma once

#include <vector>

#include "broker/handler.h"
#include "kafka/messages/api_versions.h"

namespace millrace::broker {

// ApiVersions: what is served. A version that is not known here is answered in the layout of
// version 0 with the range that is, so that any client can go on.
class ApiVersionsHandler final
    : public TypedHandler<kafka::ApiVersionsRequest, kafka::ApiVersionsResponse> {
 public:
  // `keys`: the APIs that have handlers, this one among them.
  explicit ApiVersionsHandler(std::vector<int16_t> keys) : keys_(std::move(keys)) {}

  void handle_body(Call call, Buffer body, Respond respond) override;

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  Response supported() const;

  const std::vector<int16_t> keys_;
};

}  // namespace millrace::broker
