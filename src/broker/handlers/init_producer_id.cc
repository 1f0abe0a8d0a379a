#include "broker/handlers/init_producer_id.h"

#include <utility>

#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

void InitProducerIdHandler::handle(Call, Request request, Reply<Response> reply) {
  if (request.transactional_id) {
    Response refused;
    refused.error_code = code_of(request.transactional_id->empty()
                                     ? ProtocolError::kInvalidRequest
                                     : ProtocolError::kTransactionalIdAuthorizationFailed);
    return reply.send(refused);
  }
  ids_.next([reply = std::move(reply)](Result<int64_t> id) mutable {
    Response response;
    if (id) {
      response.producer_id = *id;
    } else {
      response.error_code = code_of(ProtocolError::kCoordinatorNotAvailable);
    }
    reply.send(response);
  });
}

}  // namespace millrace::broker
