// modules: base kafka
// Frames of the Kafka protocol: any bytes are a request or are refused; a request of any API and
// version that decodes is written and decoded again to the same bytes.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "kafka/message.h"
#include "kafka/messages/api_list.h"
#include "kafka/request_header.h"

namespace {

using namespace millrace;
using namespace millrace::kafka;

std::string joined(const std::vector<Buffer>& parts) {
  std::string text;
  for (const Buffer& part : parts) text += part.view();
  return text;
}

template <class Message>
void round_trip(const Buffer& body, int16_t version) {
  const auto first = decode<Message>(body, version);
  if (!first) return;
  const std::string written = joined(encode(*first, version));
  const auto second = decode<Message>(Buffer::copy_of(written), version);
  MILLRACE_ASSERT(second.has_value());
  MILLRACE_ASSERT(joined(encode(*second, version)) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto request = read_request(Buffer::copy_of(bytes));
  if (!request || request->api == nullptr) return 0;
  const int16_t version = request->header.version;
  if (version < 0 || version > request->api->versions_max) return 0;
  switch (request->header.api_key) {
#define ROUND_TRIP(name)                                \
  case name##Request::kKey:                             \
    round_trip<name##Request>(request->body, version);  \
    round_trip<name##Response>(request->body, version); \
    break;
    MILLRACE_KAFKA_APIS(ROUND_TRIP)
#undef ROUND_TRIP
    default:
      break;
  }
  return 0;
}
