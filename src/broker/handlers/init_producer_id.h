#pragma once

#include "broker/handler.h"
#include "broker/producer_ids.h"
#include "kafka/messages/init_producer_id.h"

namespace millrace::broker {

// InitProducerId: an id that no producer had before, with epoch 0. Transactional producers are told
// that there is nobody to coordinate them.
class InitProducerIdHandler final
    : public TypedHandler<kafka::InitProducerIdRequest, kafka::InitProducerIdResponse> {
 public:
  explicit InitProducerIdHandler(ProducerIds& ids) : ids_(ids) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  ProducerIds& ids_;
};

}  // namespace millrace::broker
