#pragma once

#include <vector>

#include "broker/handler.h"
#include "broker/settings/features.h"
#include "kafka/messages/api_versions.h"

namespace millrace::broker {

// ApiVersions: what is served. A version that is not known here is answered in the layout of
// version 0 with the range that is, so that any client can go on.
class ApiVersionsHandler final
    : public TypedHandler<kafka::ApiVersionsRequest, kafka::ApiVersionsResponse> {
 public:
  // `keys`: the APIs that have handlers, this one among them.
  ApiVersionsHandler(std::vector<int16_t> keys, Features features)
      : keys_(std::move(keys)), features_(features) {}

  void handle_body(Call call, Buffer body, Respond respond) override;

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  Response supported(int16_t version) const;

  const std::vector<int16_t> keys_;
  const Features features_;
};

}  // namespace millrace::broker
